import type { ModelState } from '@facehash/messaging-core';
import type { TrainingOutcome } from './types.js';

/** Lets one wait for a state of a model: the directory of a replica does. */
export interface ModelStates {
  until(storageId: string, accept: (state: ModelState) => boolean, signal: AbortSignal): Promise<ModelState>;
}

/** Resolves when the version that answers covers `counter`, or when it is clear that none will by itself. Rejects with the signal's reason. */
export async function waitForTraining(
  states: ModelStates,
  storageId: string,
  counter: number,
  signal: AbortSignal,
): Promise<TrainingOutcome> {
  const state = await states.until(storageId, (s) => outcomeIn(s, counter) !== undefined, signal);
  return outcomeIn(state, counter) ?? { outcome: 'failed', code: 'TRAINING_FAILED', message: 'the model changed while it was being read' };
}

function outcomeIn({ active, training }: ModelState, counter: number): TrainingOutcome | undefined {
  if (active && active.snapshot >= counter) return { outcome: 'trained', version: active.name };
  const failure = training.lastFailure;
  return failure && failure.snapshot >= counter ? { outcome: 'failed', code: failure.code, message: failure.message } : undefined;
}
