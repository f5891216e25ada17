import { API_VERSION, faceModelManifest, KIND, type FaceModelManifest } from '../schema.js';
import type { StoredFaceModel } from '../repository.js';

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
