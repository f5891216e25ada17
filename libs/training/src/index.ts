export { failedOutcome } from './failed-outcome.js';
export { train } from './train.js';
export type { TrainedPipeline, TrainingPorts, TrainOptions } from './types.js';
