import type { RunSpec } from '@facehash/artifacts';

/** The trainer ends a run that takes too long by itself; so much later its pod is ended. */
const GRACE_SECONDS = 60;
/** Two pods may have been taken away from under a run before the one that ends it. */
const PODS_MAX = 3;

interface RunTimes {
  readonly spec: Pick<RunSpec, 'deadlineSeconds' | 'accelerator'>;
  readonly startDeadlineSeconds: number;
  readonly accelerated: boolean;
}

/** What one pod may take, from the moment in which a node has taken it: with the pull of its image, without its waiting for a node. */
export function podSeconds({ spec, startDeadlineSeconds }: RunTimes): number {
  return startDeadlineSeconds + spec.deadlineSeconds + GRACE_SECONDS;
}

/** What the whole Job may take, with its waiting for a node. Undefined for who waits for an accelerator, however long that takes. */
export function overall(times: RunTimes): number | undefined {
  return waitsForAccelerator(times) ? undefined : PODS_MAX * podSeconds(times);
}

export function waitsForAccelerator({ spec, accelerated }: Pick<RunTimes, 'spec' | 'accelerated'>): boolean {
  return accelerated && spec.accelerator?.onUnavailable === 'Wait';
}
