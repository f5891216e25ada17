export { servedPipelines, type OwnPipeline } from './own-pipeline.js';
export { describedPipeline, pipelineToTrain, type PipelineToTrain } from './setting.js';
