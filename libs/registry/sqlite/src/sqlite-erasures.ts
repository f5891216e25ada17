import {
  checkPage,
  pageOf,
  type Erasure,
  type ErasureRegister,
  type Page,
  type PageRequest,
  type PhotoRemoval,
} from '@facehash/registry-core';
import type { Database } from './database.js';
import { numberIn, toErasure, toRemoval } from './rows.js';

const ONE = 'SELECT * FROM erasures WHERE storage_id = ? AND person_id = ?';

/** A photo that is removed cannot come back before its removal is done, so none is noted twice. */
const NOTE = 'INSERT INTO removals (storage_id, person_id, sha256, removed_at)';

/** Erasures and removals in the registry's file. */
export class SqliteErasures implements ErasureRegister {
  constructor(protected readonly database: Database) {}

  erasePerson(storageId: string, id: string, at: string, signal?: AbortSignal): Promise<Erasure | undefined> {
    return this.database.alone((db) => {
      if (!db.row('SELECT 1 FROM people WHERE storage_id = ? AND id = ?', storageId, id)) return optional(db.row(ONE, storageId, id));
      const photos = numberIn(db.row('SELECT count(*) AS n FROM photos WHERE storage_id = ? AND person_id = ?', storageId, id), 'n');
      db.run('INSERT INTO erasures (storage_id, person_id, requested_at, photos) VALUES (?, ?, ?, ?)', storageId, id, at, photos);
      db.run(`${NOTE} SELECT storage_id, person_id, sha256, ? FROM photos WHERE storage_id = ? AND person_id = ?`, at, storageId, id);
      db.run('DELETE FROM photos WHERE storage_id = ? AND person_id = ?', storageId, id);
      db.run('DELETE FROM people WHERE storage_id = ? AND id = ?', storageId, id);
      return optional(db.row(ONE, storageId, id));
    }, signal);
  }

  erasure(storageId: string, personId: string, signal?: AbortSignal): Promise<Erasure | undefined> {
    return this.database.do((db) => optional(db.row(ONE, storageId, personId)), signal);
  }

  async erasures(storageId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Erasure>> {
    checkPage(page);
    const { after = '', limit } = page;
    const sql = 'SELECT * FROM erasures WHERE storage_id = ? AND person_id > ? ORDER BY person_id LIMIT ?';
    return this.database.do((db) => pageOf(db.rows(sql, storageId, after, limit + 1).map(toErasure), limit, (e) => e.personId), signal);
  }

  async *openErasures(signal?: AbortSignal): AsyncIterable<Erasure> {
    const sql = 'SELECT * FROM erasures WHERE completed_at IS NULL ORDER BY storage_id, person_id';
    yield* await this.database.do((db) => db.rows(sql).map(toErasure), signal);
  }

  async advanceErasure(
    storageId: string,
    personId: string,
    reached: { readonly maskedAt?: string; readonly completedAt?: string },
    signal?: AbortSignal,
  ): Promise<Erasure | undefined> {
    const sql = `UPDATE erasures SET masked_at = coalesce(masked_at, ?), completed_at = coalesce(completed_at, ?)
      WHERE storage_id = ? AND person_id = ? RETURNING *`;
    // Before the receipt says that nothing is stored any more.
    if (reached.completedAt !== undefined) await this.database.emptyLog(signal);
    return this.database.do(
      (db) => optional(db.row(sql, reached.maskedAt ?? null, reached.completedAt ?? null, storageId, personId)),
      signal,
    );
  }

  removePhoto({ storageId, personId, sha256, removedAt }: PhotoRemoval, signal?: AbortSignal): Promise<boolean> {
    return this.database.alone((db) => {
      const gone = db.run('DELETE FROM photos WHERE storage_id = ? AND person_id = ? AND sha256 = ?', storageId, personId, sha256) > 0;
      if (gone) db.run(`${NOTE} VALUES (?, ?, ?, ?)`, storageId, personId, sha256, removedAt);
      return gone;
    }, signal);
  }

  async *removals(signal?: AbortSignal): AsyncIterable<PhotoRemoval> {
    yield* await this.database.do((db) => db.rows('SELECT * FROM removals ORDER BY storage_id, person_id, sha256').map(toRemoval), signal);
  }

  async removalDone({ storageId, personId, sha256 }: Omit<PhotoRemoval, 'removedAt'>, signal?: AbortSignal): Promise<void> {
    const sql = 'DELETE FROM removals WHERE storage_id = ? AND person_id = ? AND sha256 = ?';
    await this.database.do((db) => db.run(sql, storageId, personId, sha256), signal);
  }
}

function optional(row: Parameters<typeof toErasure>[0] | undefined): Erasure | undefined {
  return row && toErasure(row);
}
