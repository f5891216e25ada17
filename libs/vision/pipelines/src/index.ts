export { servedPipelines, type OwnPipeline } from './own-pipeline.js';
export { describedPipeline, pipelineToTrain } from './setting.js';
