import { storageIdOf, type FaceModelStatus } from '@facehash/facemodel';
import type { RunDesk } from './face-model-reconciler.js';
import type { JobRuns } from './job-runs.js';
import type { RunQueue } from './run-queue.js';

export interface RunDeskParts {
  readonly runs: Pick<JobRuns, 'runs' | 'tend'>;
  readonly queue: Pick<RunQueue, 'want' | 'drop' | 'queuePosition'>;
  /** What versions are trained with now. */
  readonly pipeline: string;
}

/** Puts the queue of wishes and the Jobs of runs together. */
export function runDesk({ runs, queue, pipeline }: RunDeskParts): RunDesk {
  return {
    tend: (storageId, signal) => runs.tend(storageId, signal),
    waits: (model, status) => {
      const storageId = storageIdOf(model);
      if (waitsForRun(status)) queue.want({ storageId, namespace: model.namespace, upgrade: isUpgrade(status, pipeline) });
      else queue.drop(storageId);
    },
    facts: (storageId) => ({
      jobName: runs.runs(storageId).find(({ spec }) => spec.storageId === storageId)?.jobName ?? null,
      queuePosition: queue.queuePosition(storageId),
    }),
  };
}

function waitsForRun({ conditions }: FaceModelStatus): boolean {
  return conditions.some(({ type, reason }) => type === 'Trained' && reason === 'WaitingForRun');
}

/** What answers knows all that is enrolled, and only describes faces in the old way. */
function isUpgrade({ activeVersion, samples }: FaceModelStatus, pipeline: string): boolean {
  return activeVersion !== null && activeVersion.pipeline !== pipeline && activeVersion.snapshot >= (samples.snapshot ?? 0);
}
