import { canonicalJson, FaceHashError } from '@facehash/kernel';
import type { ApplyOutcome, FaceModelRepository, StoredFaceModel } from '../repository.js';
import type { FaceModelManifest } from '../schema.js';
import type { FaceModelStatus } from '../status.js';

type Identity = Parameters<FaceModelRepository['apply']>[1];

/** The fake of the repository: same contract, in memory. */
export class InMemoryFaceModels implements FaceModelRepository {
  /** The next call throws this once. */
  nextError: Error | undefined;
  readonly #models = new Map<string, StoredFaceModel>();

  async list(): Promise<readonly StoredFaceModel[]> {
    this.#maybeFail();
    return [...this.#models.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map((model) => structuredClone(model));
  }

  async find(name: string): Promise<StoredFaceModel | undefined> {
    this.#maybeFail();
    return structuredClone(this.#models.get(name));
  }

  async apply(manifest: FaceModelManifest, identity: Identity): Promise<{ outcome: ApplyOutcome; model: StoredFaceModel }> {
    this.#maybeFail();
    const before = this.#models.get(manifest.metadata.name);
    if (!before) return { outcome: 'created', model: this.#keep(newModel(manifest, identity)) };
    if (before.spec.storageId !== manifest.spec.storageId) {
      throw new FaceHashError('MODEL_INVALID', { problems: [{ path: 'spec.storageId', message: 'is immutable' }] });
    }
    if (canonicalJson(before.spec) === canonicalJson(manifest.spec)) return { outcome: 'unchanged', model: structuredClone(before) };
    return { outcome: 'changed', model: this.#keep({ ...before, spec: manifest.spec, generation: before.generation + 1 }) };
  }

  async writeStatus(uid: string, status: FaceModelStatus): Promise<void> {
    this.#maybeFail();
    const model = [...this.#models.values()].find((m) => m.uid === uid);
    if (model) this.#keep({ ...model, status });
  }

  #keep(model: StoredFaceModel): StoredFaceModel {
    this.#models.set(model.name, structuredClone(model));
    return model;
  }

  #maybeFail(): void {
    const error = this.nextError;
    this.nextError = undefined;
    if (error) throw error;
  }
}

function newModel({ metadata, spec }: FaceModelManifest, { uid, apiKeyHashes, now }: Identity): StoredFaceModel {
  const { name, namespace = 'default' } = metadata;
  return { uid, name, namespace, generation: 1, spec, apiKeyHashes, status: null, createdAt: now.toISOString() };
}
