import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FaceHashError } from '@facehash/kernel';
import { migrations } from './migrations.js';

const BUSY_TIMEOUT_MS = 5000;

/**
 * Opens the database and brings it to the newest schema. WAL, so that the command line may read and write beside the server;
 * synchronous FULL, so that a call that returned is on the disk. Throws STORE_UNAVAILABLE.
 */
export function openDatabase(path: string): DatabaseSync {
  return guarded(() => {
    mkdirSync(dirname(path), { recursive: true });
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
      migrate(database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** Whatever SQLite throws means that the store could not answer; our own errors pass. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof FaceHashError) throw cause;
    throw new FaceHashError('STORE_UNAVAILABLE', { store: 'sqlite' }, { cause });
  }
}

/** Each step in a transaction of its own, taken by one process while others wait. A newer schema than this program knows is refused. */
function migrate(database: DatabaseSync): void {
  if (version(database) > migrations.length) throw new Error(`the database is of a newer FaceHash (schema ${version(database)})`);
  for (let next = version(database); next < migrations.length; next = version(database)) {
    database.exec('BEGIN IMMEDIATE');
    try {
      // Another process may have been faster between the look and the lock.
      if (version(database) === next) database.exec(`${migrations[next]}; PRAGMA user_version = ${next + 1}`);
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  }
}

function version(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}
