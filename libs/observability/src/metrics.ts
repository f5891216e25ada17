import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import { watchErasures, watchReadiness, type OpenErasures } from './replica-metrics.js';
import { watchStores, type StoresReached } from './store-metrics.js';
import { watchVisionPool, type VisionPoolFigures } from './vision-metrics.js';

export interface HttpObservation {
  readonly method: string;
  /** The template (`/{apiKey}/train`), never the path: paths may hold keys, and each path would be a series of its own. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** Of a picture that was looked at for somebody: one was named, only strangers are on it, no face is, or it is no picture. */
const outcomes = ['known', 'unknown', 'faceless', 'unreadable'] as const;
export type RecognitionOutcome = (typeof outcomes)[number];

/** What one program measures of itself, on a registry of its own. Every label has a bounded set of values: none holds a key, a person or a photo. */
export interface Metrics {
  readonly contentType: string;
  /** Prometheus' text format. */
  render(): Promise<string>;
  observeHttp(observation: HttpObservation): void;
  countRecognition(outcome: RecognitionOutcome): void;
  /** How long an image of this lane waited for a worker. */
  observeQueueWait(lane: string, seconds: number): void;
  /** How long one stage of the work (`decode`, `decide`, …) took. */
  observeStage(stage: string, seconds: number): void;
  /** `read` is called at each scrape, as of all that are watched. */
  watchVisionPool(read: () => VisionPoolFigures): void;
  /** By name, whether each of the conditions of readiness holds. */
  watchReadiness(read: () => Readonly<Record<string, boolean>>): void;
  watchStores(read: () => StoresReached): void;
  watchErasures(read: () => OpenErasures): void;
  close(): void;
}

/** From a recognition on an idle core (about 10 ms) to a `/train` that waits for its version. */
const durationBuckets = [0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5, 10, 30, 60, 300];
/** From a landmark pass (half a millisecond) to a picture that is given up. */
const stageBuckets = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 5, 10, 30];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { http, recognitions, stages, waits } = counted(registry);
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    observeHttp: ({ method, route, status, seconds }) => http.observe({ method, route, status }, seconds),
    countRecognition: (outcome) => recognitions.inc({ outcome }),
    observeQueueWait: (lane, seconds) => waits.observe({ lane }, seconds),
    observeStage: (stage, seconds) => stages.observe({ stage }, seconds),
    watchVisionPool: (read) => watchVisionPool(registry, read),
    watchReadiness: (read) => watchReadiness(registry, read),
    watchStores: (read) => watchStores(registry, read),
    watchErasures: (read) => watchErasures(registry, read),
    close: () => registry.clear(),
  };
}

/** What is written down when it happens. */
function counted(registry: Registry) {
  const registers = [registry];
  const http = new Histogram({
    name: 'facehash_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer, by route template',
    labelNames: ['method', 'route', 'status'],
    buckets: durationBuckets,
    registers,
  });
  const recognitions = new Counter({
    name: 'facehash_recognitions_total',
    help: 'Pictures that were looked at for somebody, by what was found',
    labelNames: ['outcome'],
    registers,
  });
  // A rate sees a counter only from its second sample on.
  for (const outcome of outcomes) recognitions.inc({ outcome }, 0);
  const stages = new Histogram({
    name: 'facehash_stage_duration_seconds',
    help: 'Time that one stage of the work on an image took',
    labelNames: ['stage'],
    buckets: stageBuckets,
    registers,
  });
  const waits = new Histogram({
    name: 'facehash_vision_queue_wait_seconds',
    help: 'Time that images waited for a vision worker',
    labelNames: ['lane'],
    buckets: durationBuckets,
    registers,
  });
  return { http, recognitions, stages, waits };
}
