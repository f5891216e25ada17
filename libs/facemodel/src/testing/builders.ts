import { API_VERSION, faceModelManifest, KIND, type FaceModelManifest } from '../schema.js';
import type { StoredFaceModel } from '../repository.js';
import type { FaceModelStatus } from '../status.js';

/** A valid manifest; `spec` is what an owner would write, defaults are filled in. */
export function aManifest(name = 'front-door', spec: Readonly<Record<string, unknown>> = {}): FaceModelManifest {
  return faceModelManifest.parse({ apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec });
}

export function aStoredModel(
  overrides: Partial<StoredFaceModel> & { readonly specInput?: Readonly<Record<string, unknown>> } = {},
): StoredFaceModel {
  const { specInput, ...rest } = overrides;
  const manifest = aManifest(rest.name, specInput);
  return {
    uid: '0b5d7c1e-front-door',
    name: manifest.metadata.name,
    namespace: 'default',
    generation: 1,
    spec: manifest.spec,
    apiKeyHashes: [],
    oldKeyValidUntil: null,
    status: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...rest,
  };
}

/** The status of a model that nobody is enrolled in yet. */
export function aStatus(storageId: string, overrides: Partial<FaceModelStatus> = {}): FaceModelStatus {
  return {
    phase: 'Empty',
    storageId,
    samples: { people: 0, photos: 0, snapshot: null },
    activeVersion: null,
    targetVersion: null,
    rollout: null,
    training: { run: null, stage: null, percent: null, attempt: 0, waitingFor: null, lastFailure: null },
    quarantined: [],
    swept: null,
    replicas: { total: 0, updated: 0, failed: 0 },
    conditions: [],
    observedGeneration: 1,
    ...overrides,
  };
}
