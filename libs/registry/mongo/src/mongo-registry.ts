import { FaceHashError, silentLogger, systemClock, systemRandom } from '@facehash/kernel';
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
import { addPhoto, keyOf, type PhotoOutcome } from './add-photo.js';
import { keysBelow, rowKey } from './keys.js';
import { MongoErasures } from './mongo-erasures.js';
import { isDuplicate } from './mongo-errors.js';
import { attemptMsOf, canBeRead, clientOptions, databaseOf, timeoutOf, type MongoOptions } from './mongo-options.js';
import { MongoStore, type Health } from './mongo-store.js';
import { fromPerson, numberIn, pairs, textIn, toPerson, toPhoto } from './rows.js';
import type { Filter, Row, Tables } from './tables.js';
import { walk } from './walk.js';

/** How long opening waits for a server; one that is there answers in a fraction of it. */
const START_WAIT_MS = 3000;
const ERASE_PAGE = 1000;
/** People who come and go between two counts of them: then the last count has to do. */
const COUNTS_MAX = 3;
const PHOTO_HOLDERS_MAX = 1000;

export interface MongoRegistry extends Registry {
  /** Whether the server answers, as last known, and else what is wrong. */
  health(): Health;
  close(): Promise<void>;
}

/**
 * People and photos in a MongoDB, for several replicas at once. A server that is away is waited for in the background. Rejects with
 * STORE_UNAVAILABLE when the settings cannot be read, or the database is there and not for this program: of a newer FaceHash, or with
 * other indexes.
 */
export async function openMongoRegistry(options: MongoOptions): Promise<MongoRegistry> {
  const { clock = systemClock, random = systemRandom, logger = silentLogger } = options;
  const client = await clientOptions(options).catch((cause: unknown) => {
    throw new FaceHashError('STORE_UNAVAILABLE', { store: 'mongodb', why: 'its credentials cannot be read' }, { cause });
  });
  if (!canBeRead(options.url, client))
    throw new FaceHashError('STORE_UNAVAILABLE', { store: 'mongodb', why: 'its URL or its settings cannot be read' });
  const store = new MongoStore({
    ...{ url: options.url, database: databaseOf(options), clientOptions: () => clientOptions(options) },
    ...{ timeoutMs: timeoutOf(options), attemptMs: attemptMsOf(options), clock, random, logger },
  });
  const refusal = await store.started(Math.min(START_WAIT_MS, timeoutOf(options)));
  if (refusal === undefined) return new RegistryOnMongo(store, random);
  await store.close();
  throw new FaceHashError('STORE_UNAVAILABLE', { store: 'mongodb', why: refusal });
}

class RegistryOnMongo extends MongoErasures implements MongoRegistry {
  createPerson(person: Person, signal?: AbortSignal): Promise<{ readonly outcome: 'created' | 'exists'; readonly person: Person }> {
    const { storageId, id, name } = person;
    const row = fromPerson(person, this.token());
    return this.store.do(async (tables, within) => {
      for (;;) {
        within.throwIfAborted();
        if (await tables.people.insert(row)) return { outcome: 'created', person };
        const holder = await tables.people.one({ storageId, state: 'person', name });
        const known = holder ?? (await tables.people.one({ _id: row._id }));
        // Whoever held the name may have gone since.
        if (!known) continue;
        if (known['state'] !== 'person') throw new FaceHashError('CONFLICT', { id, why: 'this id was erased' });
        // It was this call, and only its answer was lost.
        if (known['token'] === row['token']) return { outcome: 'created', person };
        return { outcome: 'exists', person: toPerson(known) };
      }
    }, signal);
  }

  person(storageId: string, id: string, signal?: AbortSignal): Promise<Person | undefined> {
    return this.#person({ _id: rowKey(storageId, id), state: 'person' }, signal);
  }

  personByName(storageId: string, name: string, signal?: AbortSignal): Promise<Person | undefined> {
    return this.#person({ storageId, state: 'person', name }, signal);
  }

  async people(storageId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Person>> {
    checkPage(page);
    const keys = keysBelow([storageId], rowKey(storageId, page.after ?? ''));
    const rows = await this.#page('people', { state: 'person', _id: keys }, page.limit, signal);
    return pageOf(rows.map(toPerson), page.limit, (person) => person.id);
  }

  /** One change that names only the fields that change: who changes another field at the same time loses nothing. */
  async changePerson(
    storageId: string,
    id: string,
    { name, externalId, metadata }: Partial<Pick<Person, 'name' | 'externalId' | 'metadata'>>,
    signal?: AbortSignal,
  ): Promise<Person | undefined> {
    const fields = {
      ...(name === undefined ? {} : { name }),
      ...(externalId === undefined ? {} : { externalId }),
      ...(metadata === undefined ? {} : { metadata: pairs(metadata) }),
    };
    if (Object.keys(fields).length === 0) return this.person(storageId, id, signal);
    const filter = { _id: rowKey(storageId, id), state: 'person' };
    return this.store.do(async (tables) => {
      try {
        return optional(await tables.people.changed(filter, { $set: fields }));
      } catch (error) {
        throw isDuplicate(error) ? new FaceHashError('PERSON_EXISTS', { id }) : error;
      }
    }, signal);
  }

  addPhoto(photo: PhotoToAdd, signal?: AbortSignal): Promise<PhotoOutcome> {
    const token = this.token();
    return this.store.do((tables, within) => addPhoto(tables, photo, token, within), signal);
  }

  photo(storageId: string, personId: string, sha256: string, signal?: AbortSignal): Promise<Photo | undefined> {
    return this.store.do(async (tables) => {
      const row = await tables.photos.one({ _id: keyOf({ storageId, personId, sha256 }), state: 'photo' });
      return row && toPhoto(row);
    }, signal);
  }

  async photosBySha256(storageId: string, sha256: string, signal?: AbortSignal): Promise<readonly Photo[]> {
    const rows = await this.#page('photos', { storageId, sha256, state: 'photo' }, PHOTO_HOLDERS_MAX, signal);
    return rows.map(toPhoto);
  }

  async photos(storageId: string, personId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Photo>> {
    checkPage(page);
    const keys = keysBelow([storageId, personId], rowKey(storageId, personId, page.after ?? ''));
    const rows = await this.#page('photos', { state: 'photo', _id: keys }, page.limit, signal);
    return pageOf(rows.map(toPhoto), page.limit, (photo) => photo.sha256);
  }

  async *allPhotos(storageId: string, signal?: AbortSignal): AsyncIterable<Photo> {
    for await (const row of walk(this.store, { of: 'photos', where: { state: 'photo' }, keys: keysBelow([storageId]) }, signal))
      yield toPhoto(row);
  }

  /** The photos were as many at a moment at which the people were as many: they are counted before and after. */
  counts(storageId: string, signal?: AbortSignal): Promise<SampleCounts> {
    const keys = keysBelow([storageId]);
    return this.store.do(async (tables) => {
      let people = await tables.people.count({ state: 'person', _id: keys });
      for (let round = 1; ; round++) {
        const photos = await tables.photos.count({ state: 'photo', _id: keys });
        const after = await tables.people.count({ state: 'person', _id: keys });
        if (after === people || round === COUNTS_MAX) return { people: after, photos };
        people = after;
      }
    }, signal);
  }

  /** Where the answer is lost, a value is given to nobody. */
  bumpCounter(storageId: string, signal?: AbortSignal): Promise<number> {
    return this.store.do(
      async (tables) => numberIn(await tables.counters.upserted({ _id: rowKey(storageId) }, { $inc: { value: 1 } }), 'value'),
      signal,
    );
  }

  counter(storageId: string, signal?: AbortSignal): Promise<number> {
    return this.store.do(async (tables) => {
      const row = await tables.counters.one({ _id: rowKey(storageId) });
      return row ? numberIn(row, 'value') : 0;
    }, signal);
  }

  raiseCounter(storageId: string, value: number, signal?: AbortSignal): Promise<number> {
    return this.store.do(
      async (tables) => numberIn(await tables.counters.upserted({ _id: rowKey(storageId) }, { $max: { value } }), 'value'),
      signal,
    );
  }

  async *counters(signal?: AbortSignal): AsyncIterable<{ readonly storageId: string; readonly counter: number }> {
    for await (const row of walk(this.store, { of: 'counters', where: {} }, signal))
      yield { storageId: textIn(row, '_id'), counter: numberIn(row, 'value') };
  }

  /** People first: then no call that is under way can make a photo of theirs to be seen any more. */
  async eraseModel(storageId: string, signal?: AbortSignal): Promise<void> {
    await this.#eraseRows('people', storageId, signal);
    await this.#eraseRows('photos', storageId, signal);
    await this.store.do((tables) => tables.counters.remove({ _id: rowKey(storageId) }), signal);
  }

  health(): Health {
    return this.store.health();
  }

  close(): Promise<void> {
    return this.store.close();
  }

  async #eraseRows(of: 'people' | 'photos', storageId: string, signal?: AbortSignal): Promise<void> {
    for (let erased = ERASE_PAGE; erased === ERASE_PAGE;)
      erased = await this.store.do(async (tables) => {
        const rows = await tables[of].page({ _id: keysBelow([storageId]) }, ERASE_PAGE);
        if (rows.length > 0) await tables[of].removeAll({ _id: { $in: rows.map((row) => textIn(row, '_id')) } });
        return rows.length;
      }, signal);
  }

  /** One row more than asked for: it tells that there is another page. */
  #page(of: keyof Tables, filter: Filter, limit: number, signal?: AbortSignal): Promise<readonly Row[]> {
    return this.store.do((tables) => tables[of].page(filter, limit + 1), signal);
  }

  #person(filter: Filter, signal?: AbortSignal): Promise<Person | undefined> {
    return this.store.do(async (tables) => optional(await tables.people.one(filter)), signal);
  }
}

function optional(row: Row | undefined): Person | undefined {
  return row && toPerson(row);
}
