import type { Metrics } from '@facehash/observability';
import type { VisionJob } from '@facehash/vision-workers';

/** Writes down what became of each image at the workers. */
export function jobObserver(metrics: Pick<Metrics, 'observeQueueWait' | 'observeStage'>): (job: VisionJob) => void {
  return ({ lane, cameMs, startedMs, endedMs, stages }) => {
    metrics.observeQueueWait(lane, (startedMs - cameMs) / 1000);
    metrics.observeStage('vision', (endedMs - startedMs) / 1000);
    for (const [stage, ms] of totals(stages)) metrics.observeStage(stage, ms / 1000);
  };
}

/** Several faces, or several detectors, are one stage each. */
function totals(stages: VisionJob['stages']): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { stage, ms } of stages) sums.set(stage, (sums.get(stage) ?? 0) + ms);
  return sums;
}
