export { createLogger, type LoggerOptions, type LogDestination } from './logger.js';
export { createMetrics, type HttpObservation, type Metrics, type RecognitionOutcome } from './metrics.js';
export type { OpenErasures } from './replica-metrics.js';
export { by, one, scraped, type Sample, type Scraped } from './scraped.js';
export { watchStores, type StoresReached } from './store-metrics.js';
export type { VisionPoolFigures } from './vision-metrics.js';
export { openTracer, type OpenedTracer, type TracingOptions } from './tracing.js';
