import type { DatabaseSync } from 'node:sqlite';
import { canonicalJson, FaceHashError } from '@facehash/kernel';
import { faceModelSpec, type ApplyOutcome, type FaceModelManifest, type FaceModelRepository, type FaceModelStatus, type StoredFaceModel } from '@facehash/facemodel';
import { z } from 'zod';
import { guarded, openDatabase } from './database.js';
import { numberIn } from './rows.js';

const row = z.object({
  uid: z.string(),
  name: z.string(),
  namespace: z.string(),
  generation: z.number(),
  spec: z.string(),
  api_key_hashes: z.string(),
  status: z.string().nullable(),
  created_at: z.string(),
});
const hashes = z.array(z.string());
/** Written by our own controller only: trusted in shape, rebuilt from the stores when it is missing. */
const status = z.custom<FaceModelStatus>((value) => typeof value === 'object' && value !== null && 'phase' in value);

/** FaceModels in the same file as the registry: what Kubernetes keeps for the operator. */
export function openSqliteFaceModels(path: string): SqliteFaceModels {
  return new SqliteFaceModels(openDatabase(path));
}

export class SqliteFaceModels implements FaceModelRepository {
  constructor(private readonly database: DatabaseSync) {}

  async list(): Promise<readonly StoredFaceModel[]> {
    return guarded(() => this.database.prepare('SELECT * FROM face_models ORDER BY name').all().map(toModel));
  }

  async find(name: string): Promise<StoredFaceModel | undefined> {
    return guarded(() => this.#find(name));
  }

  async apply(
    manifest: FaceModelManifest,
    identity: { readonly uid: string; readonly apiKeyHashes: readonly string[]; readonly now: Date },
  ): Promise<{ readonly outcome: ApplyOutcome; readonly model: StoredFaceModel }> {
    return guarded(() => this.#alone(() => this.#apply(manifest, identity)));
  }

  async writeStatus(uid: string, value: FaceModelStatus): Promise<void> {
    guarded(() => this.database.prepare('UPDATE face_models SET status = ? WHERE uid = ?').run(JSON.stringify(value), uid));
  }

  /** Grows whenever a spec was created or changed, by whichever process. A change of status does not count. */
  async changeToken(): Promise<number> {
    return guarded(() => numberIn(this.database.prepare('SELECT count FROM face_model_changes').get(), 'count'));
  }

  async close(): Promise<void> {
    this.database.close();
  }

  #find(name: string): StoredFaceModel | undefined {
    const found = this.database.prepare('SELECT * FROM face_models WHERE name = ?').get(name);
    return found && toModel(found);
  }

  #apply(
    { metadata, spec }: FaceModelManifest,
    { uid, apiKeyHashes, now }: { readonly uid: string; readonly apiKeyHashes: readonly string[]; readonly now: Date },
  ): { readonly outcome: ApplyOutcome; readonly model: StoredFaceModel } {
    const { name, namespace = 'default' } = metadata;
    const known = this.#find(name);
    if (known && known.spec.storageId !== spec.storageId) {
      throw new FaceHashError('MODEL_INVALID', { problems: [{ path: 'spec.storageId', message: 'is immutable' }] });
    }
    if (known && canonicalJson(known.spec) === canonicalJson(spec)) return { outcome: 'unchanged', model: known };
    if (known) {
      this.database.prepare('UPDATE face_models SET spec = ?, generation = generation + 1 WHERE name = ?').run(JSON.stringify(spec), name);
    } else {
      const insert = this.database.prepare('INSERT INTO face_models VALUES (?, ?, ?, 1, ?, ?, NULL, ?)');
      insert.run(name, uid, namespace, JSON.stringify(spec), JSON.stringify(apiKeyHashes), now.toISOString());
    }
    this.database.exec('UPDATE face_model_changes SET count = count + 1');
    const model = this.#find(name);
    if (!model) throw new Error(`model ${name} is gone right after it was written`);
    return { outcome: known ? 'changed' : 'created', model };
  }

  /** Nobody else writes between the reading and the writing. */
  #alone<T>(work: () => T): T {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.database.exec('COMMIT');
      return result;
    } catch (error) {
      this.database.exec('ROLLBACK');
      throw error;
    }
  }
}

function toModel(value: unknown): StoredFaceModel {
  const r = row.parse(value);
  return {
    uid: r.uid,
    name: r.name,
    namespace: r.namespace,
    generation: r.generation,
    // Parsed again: a field that a newer FaceHash added to the schema gets its default.
    spec: faceModelSpec.parse(JSON.parse(r.spec)),
    apiKeyHashes: hashes.parse(JSON.parse(r.api_key_hashes)),
    status: r.status === null ? null : status.parse(JSON.parse(r.status)),
    createdAt: r.created_at,
  };
}
