import type { Random } from '@facehash/kernel';
import {
  checkPage,
  pageOf,
  type Erasure,
  type ErasureRegister,
  type Page,
  type PageRequest,
  type PhotoRemoval,
} from '@facehash/registry-core';
import { keyOf } from './add-photo.js';
import { keysBelow, rowKey } from './keys.js';
import type { MongoStore } from './mongo-store.js';
import { ERASED, textIn, toErasure, toRemoval } from './rows.js';
import type { Row, Tables } from './tables.js';
import { walk } from './walk.js';

const TOKEN_BYTES = 12;
/** A photo row of which only its key is left. */
const NO_PHOTO = { sizeBytes: 1, addedAt: 1, quality: 1 } as const;
const NO_PERSON = { externalId: 1, metadata: 1, createdAt: 1, token: 1 } as const;

/**
 * Erasures and removals. Somebody is erased by one change of one row; what remains to be done of it can be done by anybody, any number of
 * times, and whoever meets an erasure does it first.
 */
export class MongoErasures implements ErasureRegister {
  constructor(
    protected readonly store: MongoStore,
    private readonly random: Random,
  ) {}

  erasePerson(storageId: string, id: string, at: string, signal?: AbortSignal): Promise<Erasure | undefined> {
    const key = { _id: rowKey(storageId, id) };
    const erasing = { state: 'erasing', name: id, requestedAt: at, photos: null, maskedAt: null, completedAt: null };
    return this.store.do(async (tables) => {
      const begun = await tables.people.changed({ ...key, state: 'person' }, { $set: erasing, $unset: NO_PERSON });
      return optional(tables, begun ?? (await tables.people.one({ ...key, state: { $in: ERASED } })));
    }, signal);
  }

  erasure(storageId: string, personId: string, signal?: AbortSignal): Promise<Erasure | undefined> {
    return this.store.do((tables) => read(tables, rowKey(storageId, personId)), signal);
  }

  async erasures(storageId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Erasure>> {
    checkPage(page);
    const keys = page.after === undefined ? keysBelow([storageId]) : keysBelow([storageId], rowKey(storageId, page.after));
    return this.store.do(async (tables) => {
      const rows = await tables.people.page({ state: { $in: ERASED }, _id: keys }, page.limit + 1);
      const erasures: Erasure[] = [];
      for (const row of rows) erasures.push(await finished(tables, row));
      return pageOf(erasures, page.limit, (erasure) => erasure.personId);
    }, signal);
  }

  async *openErasures(signal?: AbortSignal): AsyncIterable<Erasure> {
    for await (const row of walk(this.store, { of: 'people', where: { state: { $in: ['erasing', 'erased'] } } }, signal))
      yield await this.store.do((tables) => finished(tables, row), signal);
  }

  advanceErasure(
    storageId: string,
    personId: string,
    { maskedAt, completedAt }: { readonly maskedAt?: string; readonly completedAt?: string },
    signal?: AbortSignal,
  ): Promise<Erasure | undefined> {
    const key = rowKey(storageId, personId);
    return this.store.do(async (tables) => {
      const erasure = await read(tables, key);
      if (!erasure) return undefined;
      const one = { _id: key, state: { $in: ERASED } };
      if (maskedAt !== undefined) await tables.people.change({ ...one, maskedAt: null }, { $set: { maskedAt } });
      if (completedAt !== undefined) {
        // Left by a call that died on its way to find out that the person is gone.
        await tables.photos.removeAll({ state: 'pending', _id: keysBelow([storageId, personId]) });
        await tables.people.change({ ...one, completedAt: null }, { $set: { completedAt, state: 'completed' } });
      }
      return read(tables, key);
    }, signal);
  }

  removePhoto({ storageId, personId, sha256, removedAt }: PhotoRemoval, signal?: AbortSignal): Promise<boolean> {
    const key = { _id: keyOf({ storageId, personId, sha256 }) };
    const token = this.token();
    return this.store.do(async (tables) => {
      const removal = { state: 'removal', holder: personId, removedAt, token };
      if (await tables.photos.change({ ...key, state: 'photo' }, { $set: removal, $unset: NO_PHOTO })) return true;
      // It was this call, and only its answer was lost.
      return (await tables.photos.one({ ...key, state: 'removal', token })) !== undefined;
    }, signal);
  }

  async *removals(signal?: AbortSignal): AsyncIterable<PhotoRemoval> {
    for await (const row of walk(this.store, { of: 'photos', where: { state: 'removal' } }, signal)) yield toRemoval(row);
  }

  async removalDone(photo: Omit<PhotoRemoval, 'removedAt'>, signal?: AbortSignal): Promise<void> {
    const key = { _id: keyOf(photo), state: 'removal' };
    // By what was there at first: where the answer is lost, the same photo may come again and be removed again before it is repeated.
    const noted = await this.store.do((tables) => tables.photos.one(key), signal);
    if (noted) await this.store.do((tables) => tables.photos.remove({ ...key, token: textIn(noted, 'token') }), signal);
  }

  /** Tells a call from every other. */
  protected token(): string {
    return Buffer.from(this.random.bytes(TOKEN_BYTES)).toString('base64url');
  }
}

async function read(tables: Tables, key: string): Promise<Erasure | undefined> {
  return optional(tables, await tables.people.one({ _id: key, state: { $in: ERASED } }));
}

async function optional(tables: Tables, row: Row | undefined): Promise<Erasure | undefined> {
  return row && finished(tables, row);
}

/**
 * The erasure, with nothing left to be done of it here. In this order: the photos are counted while all are there, the number is written
 * down, and only then they become removals, which others may finish and delete.
 */
async function finished(tables: Tables, row: Row): Promise<Erasure> {
  if (row['state'] !== 'erasing') return toErasure(row);
  const key = textIn(row, '_id');
  const personId = textIn(row, 'personId');
  const own = keysBelow([textIn(row, 'storageId'), personId]);
  const erasing = { _id: key, state: 'erasing' };
  if (row['photos'] === null) {
    const photos = await tables.photos.count({ state: 'photo', _id: own });
    await tables.people.change({ ...erasing, photos: null }, { $set: { photos } });
  }
  const removal = { state: 'removal', holder: personId, removedAt: textIn(row, 'requestedAt') };
  await tables.photos.changeAll({ state: { $in: ['pending', 'photo'] }, _id: own }, { $set: removal, $unset: NO_PHOTO });
  await tables.people.change(erasing, { $set: { state: 'erased' } });
  return toErasure((await tables.people.one({ _id: key })) ?? {});
}
