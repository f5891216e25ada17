export { serveAnalyser } from './serve.js';
export { openVisionWorkers, type VisionWorkers, type VisionWorkersOptions } from './vision-workers.js';
