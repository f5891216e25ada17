import { systemClock, systemRandom, type Closer, type Logger } from '@facehash/kernel';
import { createMetrics, type Metrics } from '@facehash/observability';
import { servedPipelines } from '@facehash/vision-pipelines';
import type { VisionWorkers } from '@facehash/vision-workers';
import type { InferenceConfig } from '../config.js';
import type { Context, Parts } from './parts.js';
import { openTracing } from './tracing.js';
import { openVision } from './vision.js';
import { jobObserver } from './vision-jobs.js';

export interface Foundation extends Pick<Parts, 'pipelines'> {
  readonly context: Context;
  readonly metrics: Metrics;
  /** After the stores, which tell sooner what is wrong with a configuration. */
  readonly openVision: () => Promise<VisionWorkers>;
}

/** What every replica stands on, whichever stores it has: time, chance, log, traces, metrics, and how it sees. */
export async function openFoundation(config: InferenceConfig, logger: Logger, closer: Closer): Promise<Foundation> {
  const metrics = createMetrics();
  closer.defer('metrics', () => metrics.close());
  const tracer = await openTracing(config, logger, closer);
  const context = { clock: systemClock, random: systemRandom, logger, tracer };
  const pipelines = servedPipelines(config.descriptor, config.previousDescriptor);
  logger.info('faces are described by', { pipelines: pipelines.map(({ id }) => id) });
  return {
    context,
    metrics,
    pipelines,
    openVision: async () => {
      const vision = await openVision(config, { ...context, onJob: jobObserver(metrics, tracer) }, closer);
      metrics.watchVisionPool(() => vision.figures());
      return vision;
    },
  };
}
