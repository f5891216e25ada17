import { canonicalJson, FaceHashError } from '@facehash/kernel';
import type { ApplyOutcome, FaceModelRepository, StoredFaceModel } from '../repository.js';
import type { FaceModelManifest } from '../schema.js';
import type { FaceModelStatus } from '../status.js';

/** The fake of the repository: same contract, in memory. */
export class InMemoryFaceModels implements FaceModelRepository {
  /** The next call throws this once. */
  nextError: Error | undefined;
  readonly #models = new Map<string, StoredFaceModel>();

  async list(): Promise<readonly StoredFaceModel[]> {
    this.#maybeFail();
    return [...this.#models.values()];
  }

  async find(name: string): Promise<StoredFaceModel | undefined> {
    this.#maybeFail();
    return this.#models.get(name);
  }

  async apply(
    manifest: FaceModelManifest,
    identity: { readonly uid: string; readonly apiKeyHashes: readonly string[]; readonly now: Date },
  ): Promise<{ outcome: ApplyOutcome; model: StoredFaceModel }> {
    this.#maybeFail();
    const { name, namespace = 'default' } = manifest.metadata;
    const before = this.#models.get(name);
    if (!before) {
      const created: StoredFaceModel = {
        uid: identity.uid,
        name,
        namespace,
        generation: 1,
        spec: manifest.spec,
        apiKeyHashes: identity.apiKeyHashes,
        status: null,
        createdAt: identity.now.toISOString(),
      };
      this.#models.set(name, created);
      return { outcome: 'created', model: created };
    }
    if (before.spec.storageId !== manifest.spec.storageId) {
      throw new FaceHashError('MODEL_INVALID', { problems: [{ path: 'spec.storageId', message: 'is immutable' }] });
    }
    if (canonicalJson(before.spec) === canonicalJson(manifest.spec)) return { outcome: 'unchanged', model: before };
    const changed = { ...before, spec: manifest.spec, generation: before.generation + 1 };
    this.#models.set(name, changed);
    return { outcome: 'changed', model: changed };
  }

  async writeStatus(uid: string, status: FaceModelStatus): Promise<void> {
    this.#maybeFail();
    const model = [...this.#models.values()].find((m) => m.uid === uid);
    if (model) this.#models.set(model.name, { ...model, status });
  }

  #maybeFail(): void {
    const error = this.nextError;
    this.nextError = undefined;
    if (error) throw error;
  }
}
