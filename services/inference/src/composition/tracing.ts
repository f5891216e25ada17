import { noTracer, type Closer, type Logger, type Tracer } from '@facehash/kernel';
import { openTracer, type Metrics } from '@facehash/observability';
import type { InferenceConfig } from '../config.js';

/** Traces go where OTEL_EXPORTER_OTLP_ENDPOINT says, and nowhere without it. */
export async function openTracing(
  { otlpEndpoint }: Pick<InferenceConfig, 'otlpEndpoint'>,
  logger: Logger,
  closer: Closer,
): Promise<Tracer> {
  if (otlpEndpoint === undefined) return noTracer;
  const tracer = await openTracer({ endpoint: otlpEndpoint, name: 'inference', logger });
  closer.defer('traces', () => tracer.close());
  return tracer;
}

/** The same tracer, whose spans of this name are a stage in the metrics, too. */
export function withStage(tracer: Tracer, stage: string, metrics: Pick<Metrics, 'observeStage'>): Tracer {
  return {
    span: (name, work) => {
      if (name !== stage) return tracer.span(name, work);
      const began = performance.now();
      try {
        return tracer.span(name, work);
      } finally {
        metrics.observeStage(stage, (performance.now() - began) / 1000);
      }
    },
    request: (options, run) => tracer.request(options, run),
    past: (span) => tracer.past(span),
    background: (span) => tracer.background(span),
  };
}
