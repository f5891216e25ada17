import { waitForTraining, type TrainingOutcome } from '@facehash/enrolment';
import { deadline } from '@facehash/kernel';
import type { ModelDirectory } from '@facehash/recognition';

export interface TrainingWait {
  readonly storageId: string;
  readonly counter: number;
  readonly waitMs: number;
  /** Ends the wait: the replica stops, or the client hung up. */
  readonly cutShort: AbortSignal;
}

/** How training ended; `pending` when that is not known by the end of the wait. */
export async function trainingOutcome(
  directory: ModelDirectory,
  { storageId, counter, waitMs, cutShort }: TrainingWait,
): Promise<TrainingOutcome | { readonly outcome: 'pending' }> {
  const signal = deadline(waitMs, cutShort);
  try {
    return await waitForTraining(directory, storageId, counter, signal);
  } catch (error) {
    if (signal.aborted) return { outcome: 'pending' };
    throw error;
  }
}
