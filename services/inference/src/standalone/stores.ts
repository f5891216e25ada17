import { access, constants, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Closer } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import { openFsObjectStore } from '@facehash/object-store-fs';
import { openSqliteFaceModels, openSqliteRegistry, type SqliteFaceModels, type SqliteRegistry } from '@facehash/registry-sqlite';
import { CannotStart } from '../composition/cannot-start.js';
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
  const models = await openFaceModels(dataDir, closer);
  const registry = openSqliteRegistry(databaseIn(dataDir));
  closer.defer('registry', () => registry.close());
  const objectsDir = join(dataDir, 'objects');
  return { models, registry, objects: await openFsObjectStore(objectsDir), objectsDir };
}

/** The FaceModels alone, in a folder that is this process's from then on. */
export async function openFaceModels(dataDir: string, closer: Closer): Promise<SqliteFaceModels> {
  await makeUsable(dataDir);
  const lock = await lockDataDir(dataDir);
  closer.defer('lock of the data folder', () => lock.release());
  const models = openSqliteFaceModels(databaseIn(dataDir));
  closer.defer('FaceModels', () => models.close());
  return models;
}

function databaseIn(dataDir: string): string {
  return join(dataDir, 'facehash.db');
}

/** Photos will lie there: the folder is its owner's. Throws CannotStart where nothing can be written. */
async function makeUsable(dataDir: string): Promise<void> {
  try {
    // Not recursively at first: below /proc, Node's recursive mkdir never ends.
    await mkdir(dataDir, { mode: 0o700 }).catch(async (error: unknown) => {
      if (hasErrno(error, 'EEXIST')) return;
      if (!hasErrno(error, 'ENOENT') || (await isThere(dirname(dataDir)))) throw error;
      await mkdir(dataDir, { recursive: true, mode: 0o700 });
    });
    // With the slash, a file in its place is an error, too.
    await access(`${dataDir}/`, constants.W_OK);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new CannotStart(
      `The data folder ${dataDir} cannot be made or written to (${why}). Give a folder that can by FACEHASH_DATA_DIR.`,
      { cause },
    );
  }
}

function hasErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
