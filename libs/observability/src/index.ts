export { createLogger, type LoggerOptions, type LogDestination } from './logger.js';
export { createMetrics, type HttpObservation, type Metrics, type VisionPoolFigures } from './metrics.js';
