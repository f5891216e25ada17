import { setImmediate as othersFirst } from 'node:timers/promises';
import type { SQLInputValue } from 'node:sqlite';
import { FaceHashError } from '@facehash/kernel';
import {
  checkPage,
  pageOf,
  type Page,
  type PageRequest,
  type Person,
  type Photo,
  type PhotoToAdd,
  type Registry,
  type SampleCounts,
} from '@facehash/registry-core';
import { openDatabase, type OpenOptions } from './database.js';
import { numberIn, textIn, toPerson, toPhoto } from './rows.js';
import { SqliteErasures } from './sqlite-erasures.js';
import { isForeignKeyViolation, isUniqueViolation } from './sqlite-errors.js';

/** Rows read at once when all of a model are walked through: some milliseconds. */
const WALK_PAGE = 1000;
const BY_ID = 'SELECT * FROM people WHERE storage_id = ? AND id = ?';
const BY_NAME = 'SELECT * FROM people WHERE storage_id = ? AND name = ?';

const ERASE_PHOTOS = `DELETE FROM photos WHERE storage_id = ? AND (person_id, sha256) IN (
  SELECT person_id, sha256 FROM photos WHERE storage_id = ? LIMIT ?)`;
/** Whoever got a photo meanwhile stays: their photo needs them. */
const ERASE_PEOPLE = `DELETE FROM people WHERE storage_id = ? AND id IN (
  SELECT id FROM people WHERE storage_id = ?
  AND NOT EXISTS (SELECT 1 FROM photos WHERE photos.storage_id = people.storage_id AND photos.person_id = people.id) LIMIT ?)`;

export interface SqliteRegistry extends Registry {
  close(): Promise<void>;
}

/** People and photos in one SQLite file, which several processes may open. Throws STORE_UNAVAILABLE. */
export function openSqliteRegistry(path: string, options?: OpenOptions): SqliteRegistry {
  return new RegistryOnSqlite(openDatabase(path, options));
}

class RegistryOnSqlite extends SqliteErasures implements SqliteRegistry {
  createPerson(person: Person, signal?: AbortSignal): Promise<{ readonly outcome: 'created' | 'exists'; readonly person: Person }> {
    const { storageId, id, name, externalId, metadata, createdAt } = person;
    return this.database.alone((db) => {
      const insert =
        'INSERT INTO people (storage_id, id, name, external_id, metadata, created_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';
      if (db.run(insert, storageId, id, name, externalId, JSON.stringify(metadata), createdAt) > 0) return { outcome: 'created', person };
      const holder = db.row(BY_NAME, storageId, name) ?? db.row(BY_ID, storageId, id);
      return { outcome: 'exists', person: toPerson(holder) };
    }, signal);
  }

  person(storageId: string, id: string, signal?: AbortSignal): Promise<Person | undefined> {
    return this.#person(BY_ID, [storageId, id], signal);
  }

  personByName(storageId: string, name: string, signal?: AbortSignal): Promise<Person | undefined> {
    return this.#person(BY_NAME, [storageId, name], signal);
  }

  async people(storageId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Person>> {
    checkPage(page);
    const { after = '', limit } = page;
    const sql = 'SELECT * FROM people WHERE storage_id = ? AND id > ? ORDER BY id LIMIT ?';
    return this.database.do((db) => pageOf(db.rows(sql, storageId, after, limit + 1).map(toPerson), limit, (p) => p.id), signal);
  }

  /** One statement that names only the fields that change: who changes another field at the same time loses nothing. */
  async changePerson(
    storageId: string,
    id: string,
    { name, externalId, metadata }: Partial<Pick<Person, 'name' | 'externalId' | 'metadata'>>,
    signal?: AbortSignal,
  ): Promise<Person | undefined> {
    const fields: [column: string, value: SQLInputValue][] = [];
    if (name !== undefined) fields.push(['name', name]);
    if (externalId !== undefined) fields.push(['external_id', externalId]);
    if (metadata !== undefined) fields.push(['metadata', JSON.stringify(metadata)]);
    if (fields.length === 0) return this.person(storageId, id, signal);
    const columns = fields.map(([column]) => `${column} = ?`).join(', ');
    const sql = `UPDATE people SET ${columns} WHERE storage_id = ? AND id = ? RETURNING *`;
    try {
      return await this.#person(sql, [...fields.map(([, value]) => value), storageId, id], signal);
    } catch (error) {
      throw because(error, isUniqueViolation) ? new FaceHashError('PERSON_EXISTS', { id }) : error;
    }
  }

  async addPhoto(photo: PhotoToAdd, signal?: AbortSignal): Promise<'added' | 'duplicate' | 'otherPerson' | 'beingRemoved'> {
    const { storageId, personId, sha256, sizeBytes, addedAt, quality } = photo;
    const insert = 'INSERT INTO photos (storage_id, person_id, sha256, size_bytes, added_at, quality) VALUES (?, ?, ?, ?, ?, ?)';
    const values = [storageId, personId, sha256, sizeBytes, addedAt, JSON.stringify(quality)];
    const holder = 'SELECT person_id FROM photos INDEXED BY photos_by_content WHERE storage_id = ? AND sha256 = ?';
    const removal = 'SELECT 1 FROM removals WHERE storage_id = ? AND person_id = ? AND sha256 = ?';
    try {
      return await this.database.alone((db) => {
        const held = db.rows(holder, storageId, sha256);
        if (held.some((row) => row['person_id'] === personId)) return 'duplicate';
        if (held.length > 0 && !photo.shared) return 'otherPerson';
        if (db.row(removal, storageId, personId, sha256)) return 'beingRemoved';
        db.run(insert, ...values);
        return 'added';
      }, signal);
    } catch (error) {
      throw because(error, isForeignKeyViolation) ? new FaceHashError('PERSON_NOT_FOUND', { id: personId }) : error;
    }
  }

  photosBySha256(storageId: string, sha256: string, signal?: AbortSignal): Promise<readonly Photo[]> {
    // Named, because left to itself SQLite reads all photos of the model by the primary key.
    const sql = 'SELECT * FROM photos INDEXED BY photos_by_content WHERE storage_id = ? AND sha256 = ? ORDER BY person_id';
    return this.database.do((db) => db.rows(sql, storageId, sha256).map(toPhoto), signal);
  }

  photo(storageId: string, personId: string, sha256: string, signal?: AbortSignal): Promise<Photo | undefined> {
    const sql = 'SELECT * FROM photos WHERE storage_id = ? AND person_id = ? AND sha256 = ?';
    return this.database.do((db) => {
      const row = db.row(sql, storageId, personId, sha256);
      return row && toPhoto(row);
    }, signal);
  }

  async photos(storageId: string, personId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Photo>> {
    checkPage(page);
    const { after = '', limit } = page;
    const sql = 'SELECT * FROM photos WHERE storage_id = ? AND person_id = ? AND sha256 > ? ORDER BY sha256 LIMIT ?';
    return this.database.do(
      (db) => pageOf(db.rows(sql, storageId, personId, after, limit + 1).map(toPhoto), limit, (p) => p.sha256),
      signal,
    );
  }

  async *allPhotos(storageId: string, signal?: AbortSignal): AsyncIterable<Photo> {
    const sql = 'SELECT * FROM photos WHERE storage_id = ? AND (person_id, sha256) > (?, ?) ORDER BY person_id, sha256 LIMIT ?';
    for (let [person, digest] = ['', '']; ;) {
      const page = await this.database.do((db) => db.rows(sql, storageId, person, digest, WALK_PAGE).map(toPhoto), signal);
      yield* page;
      const last = page.at(-1);
      if (!last || page.length < WALK_PAGE) return;
      [person, digest] = [last.personId, last.sha256];
      await othersFirst();
    }
  }

  counts(storageId: string, signal?: AbortSignal): Promise<SampleCounts> {
    return this.database.do((db) => {
      const row = db.row('SELECT people, photos FROM totals WHERE storage_id = ?', storageId);
      return row ? { people: numberIn(row, 'people'), photos: numberIn(row, 'photos') } : { people: 0, photos: 0 };
    }, signal);
  }

  bumpCounter(storageId: string, signal?: AbortSignal): Promise<number> {
    const sql =
      'INSERT INTO counters (storage_id, value) VALUES (?, 1) ON CONFLICT (storage_id) DO UPDATE SET value = value + 1 RETURNING value';
    return this.database.do((db) => numberIn(db.row(sql, storageId), 'value'), signal);
  }

  counter(storageId: string, signal?: AbortSignal): Promise<number> {
    return this.database.do((db) => {
      const row = db.row('SELECT value FROM counters WHERE storage_id = ?', storageId);
      return row ? numberIn(row, 'value') : 0;
    }, signal);
  }

  raiseCounter(storageId: string, value: number, signal?: AbortSignal): Promise<number> {
    const sql =
      'INSERT INTO counters (storage_id, value) VALUES (?, ?) ON CONFLICT (storage_id) DO UPDATE SET value = max(value, excluded.value) RETURNING value';
    return this.database.do((db) => numberIn(db.row(sql, storageId, value), 'value'), signal);
  }

  async *counters(signal?: AbortSignal): AsyncIterable<{ readonly storageId: string; readonly counter: number }> {
    const rows = await this.database.do((db) => db.rows('SELECT * FROM counters ORDER BY storage_id'), signal);
    for (const row of rows) yield { storageId: textIn(row, 'storage_id'), counter: numberIn(row, 'value') };
  }

  async eraseModel(storageId: string, signal?: AbortSignal): Promise<void> {
    await this.#eraseRows(ERASE_PHOTOS, storageId, signal);
    await this.#eraseRows(ERASE_PEOPLE, storageId, signal);
    for (const rows of ['erasures', 'removals', 'counters'])
      await this.database.do((db) => db.run(`DELETE FROM ${rows} WHERE storage_id = ?`, storageId), signal);
    await this.database.do((db) => db.run('DELETE FROM totals WHERE storage_id = ? AND people = 0 AND photos = 0', storageId), signal);
    await this.database.emptyLog(signal);
  }

  async #eraseRows(sql: string, storageId: string, signal?: AbortSignal): Promise<void> {
    while ((await this.database.do((db) => db.run(sql, storageId, storageId, WALK_PAGE), signal)) > 0) await othersFirst();
  }

  close(): Promise<void> {
    this.database.close();
    return Promise.resolve();
  }

  #person(sql: string, values: readonly SQLInputValue[], signal?: AbortSignal): Promise<Person | undefined> {
    return this.database.do((db) => {
      const row = db.row(sql, ...values);
      return row && toPerson(row);
    }, signal);
  }
}

/** Whether the store refused for this reason, which is an answer and no trouble. */
function because(error: unknown, reason: (cause: unknown) => boolean): boolean {
  return error instanceof FaceHashError && error.code === 'STORE_UNAVAILABLE' && reason(error.cause);
}
