import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Closer } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import { openFsObjectStore } from '@facehash/object-store-fs';
import { openSqliteFaceModels, openSqliteRegistry, type SqliteFaceModels, type SqliteRegistry } from '@facehash/registry-sqlite';
import { lockDataDir } from './data-lock.js';

export interface EmbeddedStores {
  readonly models: SqliteFaceModels;
  readonly registry: SqliteRegistry;
  readonly objects: ObjectStore;
  /** Where the trainer finds the objects. */
  readonly objectsDir: string;
}

/** Everything that is kept on one machine, below one folder that is this process's alone. */
export async function openStores(dataDir: string, closer: Closer): Promise<EmbeddedStores> {
  // Photos lie there: the folder is its owner's.
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = await lockDataDir(dataDir);
  closer.defer('lock of the data folder', () => lock.release());
  const database = join(dataDir, 'facehash.db');
  const models = openSqliteFaceModels(database);
  closer.defer('FaceModels', () => models.close());
  const registry = openSqliteRegistry(database);
  closer.defer('registry', () => registry.close());
  const objectsDir = join(dataDir, 'objects');
  return { models, registry, objects: await openFsObjectStore(objectsDir), objectsDir };
}
