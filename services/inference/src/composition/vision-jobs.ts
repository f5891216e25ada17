import type { PastSpan, Tracer } from '@facehash/kernel';
import type { Metrics } from '@facehash/observability';
import type { VisionJob } from '@facehash/vision-workers';

/** Writes down what became of each image at the workers. */
export function jobObserver(metrics: Pick<Metrics, 'observeQueueWait' | 'observeStage'>, tracer: Tracer): (job: VisionJob) => void {
  return (job) => {
    const { lane, cameMs, startedMs, endedMs, stages } = job;
    metrics.observeQueueWait(lane, (startedMs - cameMs) / 1000);
    metrics.observeStage('vision', (endedMs - startedMs) / 1000);
    for (const [stage, ms] of totals(stages)) metrics.observeStage(stage, ms / 1000);
    for (const span of spansOf(job)) tracer.past(span);
  };
}

/** Several faces, or several detectors, are one stage each. */
function totals(stages: VisionJob['stages']): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { stage, ms } of stages) sums.set(stage, (sums.get(stage) ?? 0) + ms);
  return sums;
}

function spansOf({ kind, lane, cameMs, startedMs, endedMs, stages }: VisionJob): readonly PastSpan[] {
  const attributes = { 'facehash.lane': lane };
  const children = stages.map(({ stage, startMs, ms }) => ({ name: stage, startMs: startedMs + startMs, endMs: startedMs + startMs + ms }));
  return [
    { name: 'vision.queue', startMs: cameMs, endMs: startedMs, attributes },
    { name: `vision.${kind}`, startMs: startedMs, endMs: endedMs, attributes, children },
  ];
}
