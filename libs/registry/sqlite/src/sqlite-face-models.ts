import { canonicalJson, FaceHashError } from '@facehash/kernel';
import {
  changeProblems,
  faceModelSpec,
  storageIdOf,
  type ApplyOutcome,
  type DeletedFaceModel,
  type FaceModelManifest,
  type FaceModelRepository,
  type FaceModelStatus,
  type NewIdentity,
  type StoredFaceModel,
} from '@facehash/facemodel';
import { z } from 'zod';
import { openDatabase, type Database, type OpenOptions, type Row, type Statements } from './database.js';
import { numberIn } from './rows.js';

const modelRow = z.object({
  uid: z.string(),
  name: z.string(),
  namespace: z.string(),
  generation: z.number(),
  spec: z.string(),
  api_key_hashes: z.string(),
  old_key_valid_until: z.string().nullable(),
  status: z.string().nullable(),
  created_at: z.string(),
});
const hashes = z.array(z.string());
/** Written by our own controller only: trusted in shape, rebuilt from the stores when it is missing. */
const status = z.custom<FaceModelStatus>((value) => typeof value === 'object' && value !== null && 'phase' in value);

const deletedRow = z.object({ uid: z.string(), name: z.string(), namespace: z.string(), storage_id: z.string(), deleted_at: z.string() });

/** FaceModels in the same file as the registry: what Kubernetes keeps for the operator. Throws STORE_UNAVAILABLE. */
export function openSqliteFaceModels(path: string, options?: OpenOptions): SqliteFaceModels {
  return new SqliteFaceModels(openDatabase(path, options));
}

export class SqliteFaceModels implements FaceModelRepository {
  constructor(private readonly database: Database) {}

  list(): Promise<readonly StoredFaceModel[]> {
    return this.database.do((db) => db.rows('SELECT * FROM face_models ORDER BY name').map(toModel));
  }

  find(name: string): Promise<StoredFaceModel | undefined> {
    return this.database.do((db) => findIn(db, name));
  }

  apply(manifest: FaceModelManifest, identity: NewIdentity): Promise<{ readonly outcome: ApplyOutcome; readonly model: StoredFaceModel }> {
    return this.database.alone((db) => {
      const known = findIn(db, manifest.metadata.name);
      if (known && !changes(known, manifest)) return { outcome: 'unchanged', model: known };
      const row = known ? changeIn(db, manifest) : insertInto(db, manifest, identity);
      countChange(db);
      return { outcome: known ? 'changed' : 'created', model: toModel(row) };
    });
  }

  async writeStatus(uid: string, value: FaceModelStatus): Promise<void> {
    await this.database.do((db) => db.run('UPDATE face_models SET status = ? WHERE uid = ?', JSON.stringify(value), uid));
  }

  rotateKey(
    name: string,
    { hash, oldKeyValidUntil }: { readonly hash: string; readonly oldKeyValidUntil: Date | null },
  ): Promise<StoredFaceModel | undefined> {
    return this.database.alone((db) => {
      const model = findIn(db, name);
      if (!model) return undefined;
      const before = oldKeyValidUntil && model.apiKeyHashes.find((known) => known !== hash);
      const keys = JSON.stringify(before ? [hash, before] : [hash]);
      const until = before ? oldKeyValidUntil.toISOString() : null;
      const row = db.row(
        'UPDATE face_models SET api_key_hashes = ?, old_key_valid_until = ? WHERE name = ? RETURNING *',
        keys,
        until,
        name,
      );
      countChange(db);
      return toModel(row);
    });
  }

  delete(name: string, now: Date): Promise<DeletedFaceModel | undefined> {
    return this.database.alone((db) => {
      const model = findIn(db, name);
      if (!model) return undefined;
      const deleted = { uid: model.uid, name, namespace: model.namespace, storageId: storageIdOf(model), deletedAt: now.toISOString() };
      db.run('DELETE FROM face_models WHERE name = ?', name);
      const insert = 'INSERT INTO deleted_models (uid, name, namespace, storage_id, deleted_at) VALUES (?, ?, ?, ?, ?)';
      db.run(insert, deleted.uid, name, deleted.namespace, deleted.storageId, deleted.deletedAt);
      countChange(db);
      return deleted;
    });
  }

  deleted(): Promise<readonly DeletedFaceModel[]> {
    return this.database.do((db) => db.rows('SELECT * FROM deleted_models ORDER BY deleted_at, uid').map(toDeleted));
  }

  async forget(uid: string): Promise<void> {
    await this.database.do((db) => db.run('DELETE FROM deleted_models WHERE uid = ?', uid));
  }

  /** Grows whenever a model was created or deleted, or its spec or its keys changed, by whichever process. A change of status does not count. Microseconds. */
  changeToken(): Promise<number> {
    return this.database.do((db) => numberIn(db.row('SELECT count FROM face_model_changes'), 'count'));
  }

  close(): Promise<void> {
    this.database.close();
    return Promise.resolve();
  }
}

function findIn(db: Statements, name: string): StoredFaceModel | undefined {
  const row = db.row('SELECT * FROM face_models WHERE name = ?', name);
  return row && toModel(row);
}

/** Throws MODEL_INVALID where the manifest would change what cannot be changed. */
function changes({ spec }: StoredFaceModel, manifest: FaceModelManifest): boolean {
  const problems = changeProblems(spec, manifest.spec);
  if (problems.length > 0) throw new FaceHashError('MODEL_INVALID', { problems });
  return canonicalJson(spec) !== canonicalJson(manifest.spec);
}

function changeIn(db: Statements, { metadata, spec }: FaceModelManifest): Row | undefined {
  return db.row(
    'UPDATE face_models SET spec = ?, generation = generation + 1 WHERE name = ? RETURNING *',
    JSON.stringify(spec),
    metadata.name,
  );
}

function insertInto(db: Statements, { metadata, spec }: FaceModelManifest, identity: NewIdentity): Row | undefined {
  const { uid, apiKeyHashes, now, status: known } = identity;
  requireOwnStorage(db, storageIdOf({ uid, spec }));
  const { name, namespace = 'default' } = metadata;
  const sql = `INSERT INTO face_models (name, uid, namespace, generation, spec, api_key_hashes, status, created_at) VALUES (?, ?, ?, 1, ?, ?, ?, ?) RETURNING *`;
  const statusText = known ? JSON.stringify(known) : null;
  return db.row(sql, name, uid, namespace, JSON.stringify(spec), JSON.stringify(apiKeyHashes), statusText, now.toISOString());
}

/** Throws MODEL_INVALID where another model, be it a deleted one, has what is stored under this id. */
function requireOwnStorage(db: Statements, storageId: string): void {
  const sql = `SELECT 1 FROM face_models WHERE coalesce(json_extract(spec, '$.storageId'), uid) = ?
    UNION ALL SELECT 1 FROM deleted_models WHERE storage_id = ?`;
  if (db.rows(sql, storageId, storageId).length === 0) return;
  throw new FaceHashError('MODEL_INVALID', { problems: [{ path: 'spec.storageId', message: 'is another model’s' }] });
}

function countChange(db: Statements): void {
  db.run('UPDATE face_model_changes SET count = count + 1');
}

function toDeleted(row: Row): DeletedFaceModel {
  const { storage_id: storageId, deleted_at: deletedAt, ...rest } = deletedRow.parse(row);
  return { ...rest, storageId, deletedAt };
}

function toModel(row: Row | undefined): StoredFaceModel {
  const { uid, name, namespace, generation, created_at: createdAt, ...rest } = modelRow.parse(row);
  return {
    uid,
    name,
    namespace,
    generation,
    // Parsed again: a field that a newer FaceHash added to the schema gets its default.
    spec: faceModelSpec.parse(JSON.parse(rest.spec)),
    apiKeyHashes: hashes.parse(JSON.parse(rest.api_key_hashes)),
    oldKeyValidUntil: rest.old_key_valid_until,
    status: rest.status === null ? null : status.parse(JSON.parse(rest.status)),
    createdAt,
  };
}
