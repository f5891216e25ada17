import { canonicalJson, FaceHashError } from '@facehash/kernel';
import { changeProblems } from '../changes.js';
import {
  storageIdOf,
  type ApplyOutcome,
  type DeletedFaceModel,
  type FaceModelRepository,
  type NewIdentity,
  type StoredFaceModel,
} from '../repository.js';
import type { FaceModelManifest } from '../schema.js';
import type { FaceModelStatus } from '../status.js';

/** The fake of the repository: same contract, in memory. */
export class InMemoryFaceModels implements FaceModelRepository {
  /** The next call throws this once. */
  nextError: Error | undefined;
  readonly #models = new Map<string, StoredFaceModel>();
  /** By uid. */
  readonly #deleted = new Map<string, DeletedFaceModel>();

  async list(): Promise<readonly StoredFaceModel[]> {
    this.#maybeFail();
    return [...this.#models.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map((model) => structuredClone(model));
  }

  async find(name: string): Promise<StoredFaceModel | undefined> {
    this.#maybeFail();
    return structuredClone(this.#models.get(name));
  }

  async apply(manifest: FaceModelManifest, identity: NewIdentity): Promise<{ outcome: ApplyOutcome; model: StoredFaceModel }> {
    this.#maybeFail();
    const before = this.#models.get(manifest.metadata.name);
    if (!before) return { outcome: 'created', model: this.#keep(this.#withOwnStorage(newModel(manifest, identity))) };
    const problems = changeProblems(before.spec, manifest.spec);
    if (problems.length > 0) throw new FaceHashError('MODEL_INVALID', { problems });
    if (canonicalJson(before.spec) === canonicalJson(manifest.spec)) return { outcome: 'unchanged', model: structuredClone(before) };
    return { outcome: 'changed', model: this.#keep({ ...before, spec: manifest.spec, generation: before.generation + 1 }) };
  }

  async writeStatus(uid: string, status: FaceModelStatus): Promise<void> {
    this.#maybeFail();
    const model = [...this.#models.values()].find((m) => m.uid === uid);
    if (model) this.#keep({ ...model, status });
  }

  async rotateKey(
    name: string,
    { hash, oldKeyValidUntil }: { hash: string; oldKeyValidUntil: Date | null },
  ): Promise<StoredFaceModel | undefined> {
    this.#maybeFail();
    const model = this.#models.get(name);
    if (!model) return undefined;
    const before = model.apiKeyHashes.find((known) => known !== hash);
    const old = oldKeyValidUntil === null || before === undefined ? [] : [before];
    const until = old.length === 0 ? null : (oldKeyValidUntil?.toISOString() ?? null);
    return this.#keep({ ...model, apiKeyHashes: [hash, ...old], oldKeyValidUntil: until });
  }

  async delete(name: string, now: Date): Promise<DeletedFaceModel | undefined> {
    this.#maybeFail();
    const model = this.#models.get(name);
    if (!model) return undefined;
    const { uid, namespace } = model;
    const deleted = { uid, name, namespace, storageId: storageIdOf(model), deletedAt: now.toISOString() };
    this.#models.delete(name);
    this.#deleted.set(uid, deleted);
    return deleted;
  }

  async deleted(): Promise<readonly DeletedFaceModel[]> {
    this.#maybeFail();
    return [...this.#deleted.values()];
  }

  async forget(uid: string): Promise<void> {
    this.#maybeFail();
    this.#deleted.delete(uid);
  }

  #withOwnStorage(model: StoredFaceModel): StoredFaceModel {
    const storageId = storageIdOf(model);
    const taken = [...[...this.#models.values()].map(storageIdOf), ...[...this.#deleted.values()].map((d) => d.storageId)];
    if (!taken.includes(storageId)) return model;
    throw new FaceHashError('MODEL_INVALID', { problems: [{ path: 'spec.storageId', message: 'is another model’s' }] });
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

function newModel({ metadata, spec }: FaceModelManifest, identity: NewIdentity): StoredFaceModel {
  const { uid, apiKeyHashes, now, status = null } = identity;
  const { name, namespace = 'default' } = metadata;
  return { uid, name, namespace, generation: 1, spec, apiKeyHashes, oldKeyValidUntil: null, status, createdAt: now.toISOString() };
}
