import type { RunOutcome } from '@facehash/artifacts';
import type { TrainingJob } from './observed-job.js';
import type { TrainerPod } from './observed-pod.js';

/**
 * What a Job and its pods say of their run:
 *
 *     starting ──► training ──► ended
 *        ├──(no node has room, and it may do without its accelerator)──► withoutAccelerator: another Job takes its place
 *        ├──(no node has room, and it may not)──► parked, for as long as it takes
 *        └──(its start deadline is over)──► ended
 *
 * `untilMs`: looked at then, it may be another without any change; absent: only a change makes it another.
 */
export type RunState =
  /** `waitingFor`: for a person; absent while it begins as every run does. */
  | { readonly kind: 'starting'; readonly waitingFor?: string; readonly untilMs?: number }
  | { readonly kind: 'parked'; readonly waitingFor: string }
  | { readonly kind: 'withoutAccelerator'; readonly why: string }
  | { readonly kind: 'training'; readonly untilMs?: number }
  | { readonly kind: 'ended'; readonly outcome: RunOutcome };

export interface Watching {
  readonly job: TrainingJob;
  readonly version: string;
  /** Of this very Job. */
  readonly pods: readonly TrainerPod[];
  readonly nowMs: number;
}

export type Look = (watching: Watching) => RunState | undefined;

/** Worth another try. */
export function failed(code: string, message: string): RunOutcome {
  return { outcome: 'failed', retryable: true, code, message };
}

export function isOver({ phase }: TrainerPod): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}
