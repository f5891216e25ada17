import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface HttpObservation {
  readonly method: string;
  /** The template (`/{apiKey}/train`), never the path: paths may hold keys, and each path would be a series of its own. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

export interface VisionPoolFigures {
  readonly workers: number;
  readonly busy: number;
  readonly waiting: number;
  /** Since the start. */
  readonly restarts: number;
}

/** What one program measures of itself, on a registry of its own. */
export interface Metrics {
  readonly contentType: string;
  /** Prometheus' text format. */
  render(): Promise<string>;
  observeHttp(observation: HttpObservation): void;
  /** `read` is called at each scrape. */
  watchVisionPool(read: () => VisionPoolFigures): void;
  /** How long one stage of the work (`vision`, `train.wait`, …) took. */
  observeStage(stage: string, seconds: number): void;
  close(): void;
}

/** From a recognition on an idle core (about 10 ms) to a `/train` that waits for its version. */
const durationBuckets = [0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5, 10, 30, 60, 300];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const http = new Histogram({
    name: 'facehash_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer, by route template',
    labelNames: ['method', 'route', 'status'],
    buckets: durationBuckets,
    registers: [registry],
  });
  const stages = new Histogram({
    name: 'facehash_stage_duration_seconds',
    help: 'Time that one stage of the work took',
    labelNames: ['stage'],
    buckets: durationBuckets,
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    observeHttp: ({ method, route, status, seconds }) => http.observe({ method, route, status }, seconds),
    watchVisionPool: (read) => watchVisionPool(registry, read),
    observeStage: (stage, seconds) => stages.observe({ stage }, seconds),
    close: () => registry.clear(),
  };
}

function watchVisionPool(registry: Registry, read: () => VisionPoolFigures): void {
  const gauges = {
    workers: 'Vision worker processes that are ready',
    busy: 'Vision worker processes at work',
    waiting: 'Images that wait for a vision worker',
  } as const;
  for (const key of ['workers', 'busy', 'waiting'] as const) {
    new Gauge({
      name: `facehash_vision_pool_${key}`,
      help: gauges[key],
      registers: [registry],
      collect() {
        this.set(read()[key]);
      },
    });
  }
  new Counter({
    name: 'facehash_vision_pool_restarts_total',
    help: 'Vision worker processes that crashed or hung and were replaced',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read().restarts);
    },
  });
}
