import { storageIdOf, type FaceModelStatus, type StoredFaceModel } from '@facehash/facemodel';
import type { ModelState } from '@facehash/messaging-core';

/** What replicas are told of a model: the resource and its status, as one value. `fence` orders it against other writers. */
export function publishedState(model: StoredFaceModel, status: FaceModelStatus, fence: ModelState['fence']): ModelState {
  const { rollout, training } = status;
  const failure = training.lastFailure;
  return {
    v: 1,
    fence,
    storageId: storageIdOf(model),
    namespace: model.namespace,
    name: model.name,
    displayName: model.spec.displayName ?? null,
    apiKeyHashes: [...model.apiKeyHashes],
    phase: status.phase,
    active: status.activeVersion,
    target: rollout?.version ?? null,
    targetReplicas: rollout?.wave === 'First' ? [...rollout.replicas] : null,
    training: {
      run: training.run,
      stage: training.stage,
      percent: training.percent,
      attempt: training.attempt,
      // A failure that is being retried is nobody's answer yet.
      lastFailure: failure?.final ? { snapshot: failure.snapshot, code: failure.code, message: failure.message, at: failure.at } : null,
    },
    quarantined: status.quarantined.map(({ personId }) => personId),
    erased: [...(status.swept?.erased ?? [])],
    conditions: status.conditions.map((c) => ({ ...c })),
    recognition: model.spec.recognition,
    photosPerPerson: model.spec.photosPerPerson,
    limits: model.spec.limits,
    debounceSeconds: model.spec.training.debounceSeconds,
    tombstone: false,
  };
}
