import { storageIdOf, validApiKeyHashes, type DeletedFaceModel, type FaceModelStatus, type StoredFaceModel } from '@facehash/facemodel';
import type { ModelState } from '@facehash/messaging-core';

/** What replicas are told of a model: the resource and its status, as one value. `fence` orders it against other writers. */
export function publishedState(
  model: StoredFaceModel,
  status: FaceModelStatus,
  { fence, now, route = null }: { readonly fence: ModelState['fence']; readonly now: Date; readonly route?: string | null },
): ModelState {
  const { rollout, training } = status;
  return {
    v: 1,
    fence,
    storageId: storageIdOf(model),
    namespace: model.namespace,
    name: model.name,
    displayName: model.spec.displayName ?? null,
    apiKeyHashes: [...validApiKeyHashes(model, now)],
    phase: status.phase,
    active: status.activeVersion,
    target: rollout?.version ?? null,
    pin: model.spec.versions.pin,
    activation: status.activation ?? null,
    targetReplicas: rollout?.wave === 'First' ? [...rollout.replicas] : null,
    training: {
      run: training.run,
      stage: training.stage,
      percent: training.percent,
      attempt: training.attempt,
      lastFailure: finalFailure(status),
    },
    quarantined: status.quarantined.map(({ personId }) => personId),
    erased: [...(status.swept?.erased ?? [])],
    conditions: status.conditions.map((c) => ({ ...c })),
    recognition: model.spec.recognition,
    photosPerPerson: model.spec.photosPerPerson,
    limits: model.spec.limits,
    debounceSeconds: model.spec.training.debounceSeconds,
    route,
    tombstone: false,
    keep: false,
  };
}

/** A model that is gone; with `keep` what is stored of it stays. */
export type Gone = Pick<DeletedFaceModel, 'storageId' | 'namespace' | 'name'> & { readonly keep?: boolean };

/** What replicas are told of a model that was deleted: to forget it. Nobody reads the rest. */
export function tombstoneOf({ storageId, namespace, name, keep = false }: Gone, fence: ModelState['fence']): ModelState {
  return {
    v: 1,
    fence,
    storageId,
    namespace,
    name,
    displayName: null,
    apiKeyHashes: [],
    phase: 'Deleting',
    erased: [],
    active: null,
    target: null,
    pin: null,
    activation: null,
    targetReplicas: null,
    training: { run: null, stage: null, percent: null, attempt: 0, lastFailure: null },
    quarantined: [],
    conditions: [],
    recognition: { falseAcceptTarget: 0, maxFaces: 0 },
    photosPerPerson: { min: 0, max: 0 },
    limits: { people: 0, photos: 0, requestsPerSecond: null, burst: null },
    debounceSeconds: 0,
    route: null,
    tombstone: true,
    keep,
  };
}

/** How long the old one of two keys is still valid; null: nothing will change by time alone. */
export function keyExpiryInMs({ oldKeyValidUntil }: Pick<StoredFaceModel, 'oldKeyValidUntil'>, now: Date): number | null {
  const ms = oldKeyValidUntil === null ? 0 : Date.parse(oldKeyValidUntil) - now.getTime();
  return ms > 0 ? ms : null;
}

/** A failure that is being retried is nobody's answer yet. */
function finalFailure({ training: { lastFailure: failure } }: FaceModelStatus): ModelState['training']['lastFailure'] {
  return failure?.final ? { snapshot: failure.snapshot, code: failure.code, message: failure.message, at: failure.at } : null;
}
