import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { FaceHashError } from '@facehash/kernel';
import type { Page, PageRequest, Person, Photo, Registry, SampleCounts } from '@facehash/registry-core';
import { guarded, openDatabase } from './database.js';
import { numberIn, toPerson, toPhoto } from './rows.js';

/** Rows read at once when all photos of a model are walked through. */
const WALK_PAGE = 1000;

export interface SqliteRegistry extends Registry {
  close(): Promise<void>;
}

/** People and photos in one SQLite file. */
export function openSqliteRegistry(path: string): SqliteRegistry {
  return new RegistryOnSqlite(openDatabase(path));
}

class RegistryOnSqlite implements SqliteRegistry {
  readonly #statements = new Map<string, StatementSync>();

  constructor(private readonly database: DatabaseSync) {}

  async createPerson(person: Person, signal?: AbortSignal): Promise<{ readonly outcome: 'created' | 'exists'; readonly person: Person }> {
    const { storageId, id, name, externalId, metadata, createdAt } = person;
    const created = this.#run(signal, 'INSERT INTO people VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING', [storageId, id, name, externalId, JSON.stringify(metadata), createdAt]);
    if (created > 0) return { outcome: 'created', person };
    const known = this.#row(signal, 'SELECT * FROM people WHERE storage_id = ? AND (name = ? OR id = ?) ORDER BY name = ? DESC', [storageId, name, id, name]);
    return { outcome: 'exists', person: guarded(() => toPerson(known)) };
  }

  async person(storageId: string, id: string, signal?: AbortSignal): Promise<Person | undefined> {
    return this.#person(signal, 'SELECT * FROM people WHERE storage_id = ? AND id = ?', [storageId, id]);
  }

  async personByName(storageId: string, name: string, signal?: AbortSignal): Promise<Person | undefined> {
    return this.#person(signal, 'SELECT * FROM people WHERE storage_id = ? AND name = ?', [storageId, name]);
  }

  async people(storageId: string, { after = '', limit }: PageRequest, signal?: AbortSignal): Promise<Page<Person>> {
    const rows = this.#rows(signal, 'SELECT * FROM people WHERE storage_id = ? AND id > ? ORDER BY id LIMIT ?', [storageId, after, limit + 1]);
    return pageOf(rows.map(toPerson), limit, (person) => person.id);
  }

  async changePerson(
    storageId: string,
    id: string,
    change: Partial<Pick<Person, 'name' | 'externalId' | 'metadata'>>,
    signal?: AbortSignal,
  ): Promise<Person | undefined> {
    const known = await this.person(storageId, id, signal);
    if (!known) return undefined;
    const { name, externalId, metadata } = { ...known, ...change };
    const taken = await this.personByName(storageId, name, signal);
    if (taken && taken.id !== id) throw new FaceHashError('PERSON_EXISTS', { name });
    const sql = 'UPDATE people SET name = ?, external_id = ?, metadata = ? WHERE storage_id = ? AND id = ? RETURNING *';
    return this.#person(signal, sql, [name, externalId, JSON.stringify(metadata), storageId, id]);
  }

  async addPhoto(photo: Photo, signal?: AbortSignal): Promise<'added' | 'duplicate'> {
    const { storageId, personId, sha256, sizeBytes, addedAt, quality } = photo;
    if (!(await this.person(storageId, personId, signal))) throw new FaceHashError('PERSON_NOT_FOUND', { id: personId });
    const added = this.#run(signal, 'INSERT INTO photos VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING', [storageId, personId, sha256, sizeBytes, addedAt, JSON.stringify(quality)]);
    return added > 0 ? 'added' : 'duplicate';
  }

  async photosBySha256(storageId: string, sha256: string, signal?: AbortSignal): Promise<readonly Photo[]> {
    return this.#rows(signal, 'SELECT * FROM photos WHERE storage_id = ? AND sha256 = ?', [storageId, sha256]).map(toPhoto);
  }

  async photos(storageId: string, personId: string, { after = '', limit }: PageRequest, signal?: AbortSignal): Promise<Page<Photo>> {
    const sql = 'SELECT * FROM photos WHERE storage_id = ? AND person_id = ? AND sha256 > ? ORDER BY sha256 LIMIT ?';
    return pageOf(this.#rows(signal, sql, [storageId, personId, after, limit + 1]).map(toPhoto), limit, (photo) => photo.sha256);
  }

  async *allPhotos(storageId: string, signal?: AbortSignal): AsyncIterable<Photo> {
    const sql = 'SELECT * FROM photos WHERE storage_id = ? AND (person_id, sha256) > (?, ?) ORDER BY person_id, sha256 LIMIT ?';
    for (let [person, sha256] = ['', '']; ; ) {
      const page = this.#rows(signal, sql, [storageId, person, sha256, WALK_PAGE]).map(toPhoto);
      yield* page;
      const last = page.at(-1);
      if (!last || page.length < WALK_PAGE) return;
      [person, sha256] = [last.personId, last.sha256];
    }
  }

  async counts(storageId: string, signal?: AbortSignal): Promise<SampleCounts> {
    const count = (table: 'people' | 'photos'): number => numberIn(this.#row(signal, `SELECT count(*) AS n FROM ${table} WHERE storage_id = ?`, [storageId]), 'n');
    return { people: count('people'), photos: count('photos') };
  }

  async bumpCounter(storageId: string, signal?: AbortSignal): Promise<number> {
    const sql = 'INSERT INTO counters VALUES (?, 1) ON CONFLICT (storage_id) DO UPDATE SET value = value + 1 RETURNING value';
    return numberIn(this.#row(signal, sql, [storageId]), 'value');
  }

  async counter(storageId: string, signal?: AbortSignal): Promise<number> {
    const row = this.#row(signal, 'SELECT value FROM counters WHERE storage_id = ?', [storageId]);
    return row ? numberIn(row, 'value') : 0;
  }

  async *counters(signal?: AbortSignal): AsyncIterable<{ readonly storageId: string; readonly counter: number }> {
    for (const row of this.#rows(signal, 'SELECT * FROM counters ORDER BY storage_id', [])) {
      yield { storageId: String(row['storage_id']), counter: numberIn(row, 'value') };
    }
  }

  async close(): Promise<void> {
    this.#statements.clear();
    this.database.close();
  }

  #person(signal: AbortSignal | undefined, sql: string, values: readonly SQLInputValue[]): Person | undefined {
    const row = this.#row(signal, sql, values);
    return row && guarded(() => toPerson(row));
  }

  #run(signal: AbortSignal | undefined, sql: string, values: readonly SQLInputValue[]): number {
    return this.#with(signal, sql, (statement) => Number(statement.run(...values).changes));
  }

  #row(signal: AbortSignal | undefined, sql: string, values: readonly SQLInputValue[]): Record<string, unknown> | undefined {
    return this.#with(signal, sql, (statement) => statement.get(...values));
  }

  #rows(signal: AbortSignal | undefined, sql: string, values: readonly SQLInputValue[]): readonly Record<string, unknown>[] {
    return this.#with(signal, sql, (statement) => statement.all(...values));
  }

  #with<T>(signal: AbortSignal | undefined, sql: string, use: (statement: StatementSync) => T): T {
    signal?.throwIfAborted();
    return guarded(() => {
      const statement = this.#statements.get(sql) ?? this.database.prepare(sql);
      this.#statements.set(sql, statement);
      return use(statement);
    });
  }
}

/** One row more than asked for tells whether there is another page. */
function pageOf<T>(rows: readonly T[], limit: number, key: (item: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? key(last) : null };
}
