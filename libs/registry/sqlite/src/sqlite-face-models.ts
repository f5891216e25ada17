import { canonicalJson, FaceHashError } from '@facehash/kernel';
import {
  faceModelSpec,
  type ApplyOutcome,
  type FaceModelManifest,
  type FaceModelRepository,
  type FaceModelStatus,
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
  status: z.string().nullable(),
  created_at: z.string(),
});
const hashes = z.array(z.string());
/** Written by our own controller only: trusted in shape, rebuilt from the stores when it is missing. */
const status = z.custom<FaceModelStatus>((value) => typeof value === 'object' && value !== null && 'phase' in value);

type Identity = Parameters<FaceModelRepository['apply']>[1];

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

  apply(manifest: FaceModelManifest, identity: Identity): Promise<{ readonly outcome: ApplyOutcome; readonly model: StoredFaceModel }> {
    return this.database.alone((db) => {
      const known = findIn(db, manifest.metadata.name);
      if (known && !changes(known, manifest)) return { outcome: 'unchanged', model: known };
      const row = known ? changeIn(db, manifest) : insertInto(db, manifest, identity);
      db.run('UPDATE face_model_changes SET count = count + 1');
      return { outcome: known ? 'changed' : 'created', model: toModel(row) };
    });
  }

  async writeStatus(uid: string, value: FaceModelStatus): Promise<void> {
    await this.database.do((db) => db.run('UPDATE face_models SET status = ? WHERE uid = ?', JSON.stringify(value), uid));
  }

  /** Grows whenever a model was created or its spec changed, by whichever process. A change of status does not count. Microseconds. */
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
  if (spec.storageId !== manifest.spec.storageId) {
    throw new FaceHashError('MODEL_INVALID', { problems: [{ path: 'spec.storageId', message: 'is immutable' }] });
  }
  return canonicalJson(spec) !== canonicalJson(manifest.spec);
}

function changeIn(db: Statements, { metadata, spec }: FaceModelManifest): Row | undefined {
  return db.row(
    'UPDATE face_models SET spec = ?, generation = generation + 1 WHERE name = ? RETURNING *',
    JSON.stringify(spec),
    metadata.name,
  );
}

function insertInto(db: Statements, { metadata, spec }: FaceModelManifest, { uid, apiKeyHashes, now }: Identity): Row | undefined {
  const { name, namespace = 'default' } = metadata;
  const sql = `INSERT INTO face_models (name, uid, namespace, generation, spec, api_key_hashes, created_at) VALUES (?, ?, ?, 1, ?, ?, ?) RETURNING *`;
  return db.row(sql, name, uid, namespace, JSON.stringify(spec), JSON.stringify(apiKeyHashes), now.toISOString());
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
    status: rest.status === null ? null : status.parse(JSON.parse(rest.status)),
    createdAt,
  };
}
