import type { Registry } from '@facehash/registry-core';
import { aPerson, aPhoto } from '@facehash/registry-core/testing';
import { startServer } from '@facehash/test-servers';
import { tcpProxy, TestProcess, type TcpProxy } from '@facehash/testing';
import { commandIn, isWrite, portOf, through } from './testing/commands.js';
import { inDatabase, onFreshDatabase, orReason, type OnMongo } from './testing/on-mongo.js';

const server = await orReason(() => startServer('mongo'));
const program = new URL('./testing/call-once.ts', import.meta.url);
const AT = '2026-02-01T00:00:00.000Z';
const LATER = '2026-02-02T00:00:00.000Z';

describe('a process that is killed', () => {
  if (typeof server === 'string') it.skip(`is not tested: ${server}`, () => undefined);
  else kills(server.url);
});

function kills(url: string): void {
  const ann = aPerson('Ann');
  const ben = aPerson('Ben');
  const { storageId } = ann;
  const erasure = { storageId, personId: ann.id, requestedAt: AT, photos: 2, maskedAt: null, completedAt: null };
  let proxy: TcpProxy;
  let opened: OnMongo;
  let registry: Registry;

  beforeEach(async () => {
    proxy = await tcpProxy(portOf(url));
    opened = await onFreshDatabase(url);
    registry = opened.registry;
    for (const person of [ann, ben]) await registry.createPerson(person);
    for (const photo of [aPhoto(ann, 'one'), aPhoto(ann, 'two'), aPhoto(ben, 'three')]) await registry.addPhoto(photo);
  });
  afterEach(async () => {
    await opened[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    if (typeof server !== 'string') await server.stop();
  });

  /** Kills a process that makes the call when it wants to write for the (n+1)th time. */
  async function killedAfter(writes: number, call: 'addPhoto' | 'erasePerson'): Promise<void> {
    const reached = stopAfter(proxy, writes);
    await using caller = new TestProcess(program, through(url, proxy.port), opened.database, call);
    await reached;
    await caller.kill();
    expect(caller.lines).toEqual([]);
  }

  it('before it could erase anybody has erased nobody', async () => {
    await killedAfter(0, 'erasePerson');
    expect(await registry.person(storageId, ann.id)).toEqual(ann);
    expect(await registry.erasePerson(storageId, ann.id, LATER)).toEqual({ ...erasure, requestedAt: LATER });
  });

  describe.each([1, 2, 3])('after write %i of an erasure', (writes) => {
    beforeEach(() => killedAfter(writes, 'erasePerson'));

    it('has erased the person, and whoever asks again finishes it', async () => {
      expect(await registry.person(storageId, ann.id)).toBeUndefined();
      expect(await registry.erasePerson(storageId, ann.id, LATER)).toEqual(erasure);
      await expectErased();
    });

    it('leaves an open erasure, which is finished by whoever meets it', async () => {
      expect(await collect(registry.openErasures())).toEqual([erasure]);
      await expectErased();
    });
  });

  it('while it added a photo has added nothing, if it was before the first write', async () => {
    await killedAfter(0, 'addPhoto');
    expect(await registry.addPhoto(aPhoto(ann, 'new'))).toBe('added');
  });

  describe('while it added a photo, after the first write', () => {
    beforeEach(() => killedAfter(1, 'addPhoto'));
    const added = aPhoto(ann, 'new');

    it('has shown it to nobody', async () => {
      expect(await registry.photo(storageId, ann.id, added.sha256)).toBeUndefined();
      expect(await registry.counts(storageId)).toEqual({ people: 2, photos: 3 });
    });

    it('has added it once somebody asks again', async () => {
      expect(await registry.addPhoto(added)).toBe('duplicate');
      expect(await registry.photo(storageId, ann.id, added.sha256)).toEqual(added);
      expect(await registry.counts(storageId)).toEqual({ people: 2, photos: 4 });
    });

    it('has kept the same photo from another', async () => {
      expect(await registry.addPhoto(aPhoto(ben, 'new'))).toBe('otherPerson');
      expect(await registry.photosBySha256(storageId, added.sha256)).toEqual([added]);
    });

    it('leaves the photo to another once its person is erased, and its bytes to be removed', async () => {
      expect(await registry.erasePerson(storageId, ann.id, AT)).toEqual(erasure);
      expect((await collect(registry.removals())).map(({ sha256 }) => sha256)).toContain(added.sha256);
      expect(await registry.addPhoto(aPhoto(ben, 'new'))).toBe('added');
      await expectErased();
    });

    it('leaves no row when it was after the erasure', async () => {
      await registry.erasePerson(storageId, ann.id, AT);
      const late = { storageId, personId: ann.id, sha256: 'late', state: 'pending', holder: '', token: 'of a call that died' };
      await inDatabase(url, opened.database, (db) =>
        db.collection<{ _id: string }>('photos').insertOne({ _id: `${storageId} ${ann.id} late`, ...late }),
      );
      for (const removal of await collect(registry.removals())) await registry.removalDone(removal);
      await registry.advanceErasure(storageId, ann.id, { completedAt: LATER });
      const left = await inDatabase(url, opened.database, (db) => db.collection('photos').distinct('personId'));
      expect(left).toEqual([ben.id]);
    });
  });

  async function expectErased(): Promise<void> {
    expect((await registry.photos(storageId, ann.id, { limit: 10 })).items).toEqual([]);
    expect((await collect(registry.allPhotos(storageId))).filter(({ personId }) => personId === ann.id)).toEqual([]);
    const noted = (await collect(registry.removals())).filter(({ removedAt }) => removedAt === AT).map(({ sha256 }) => sha256);
    for (const content of ['one', 'two']) expect(noted).toContain(aPhoto(ann, content).sha256);
    await expect(registry.addPhoto(aPhoto(ann, 'late'))).rejects.toMatchObject({ code: 'PERSON_NOT_FOUND' });
  }
}

/** Lets so many writes of rows through, and nothing after them. Resolves when the next one was stopped. */
function stopAfter(proxy: TcpProxy, writes: number): Promise<void> {
  let seen = 0;
  return new Promise((resolve) => {
    proxy.intercept((chunk, direction) => {
      if (direction === 'toServer' && isWrite(commandIn(chunk)) && ++seen > writes) resolve();
      return seen > writes ? 'reset' : chunk;
    });
  });
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
