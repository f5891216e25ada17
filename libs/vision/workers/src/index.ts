export type { Lane, LaneLimits, Refusal } from './lanes.js';
export type { Replacement } from './crew.js';
export { refuseToServe, serveAnalyser } from './serve.js';
export { StageLog } from './stage-log.js';
export { openVisionWorkers, type VisionFigures, type VisionJob, type VisionWorkers, type VisionWorkersOptions } from './vision-workers.js';
