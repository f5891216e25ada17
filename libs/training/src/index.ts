export { failedOutcome } from './failed-outcome.js';
export { train } from './train.js';
export type { TrainingPorts, TrainOptions } from './types.js';
