export { createLogger, type LoggerOptions, type LogDestination } from './logger.js';
export { createMetrics, type HttpObservation, type Metrics } from './metrics.js';
export type { VisionPoolFigures } from './vision-metrics.js';
export { openTracer, type OpenedTracer, type TracingOptions } from './tracing.js';
