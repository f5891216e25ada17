import { randomUUID } from 'node:crypto';
import type { Registry } from '@facehash/registry-core';
import { aPerson, aPhoto } from '@facehash/registry-core/testing';
import { startServer } from '@facehash/test-servers';
import { tcpProxy, type TcpProxy } from '@facehash/testing';
import { answeredIn, commandIn, isOnRows, portOf, through } from './testing/commands.js';
import { onFreshDatabase, orReason, type OnMongo } from './testing/on-mongo.js';

const server = await orReason(() => startServer('mongo'));
const AT = '2026-02-01T00:00:00.000Z';

interface Case {
  readonly call: (registry: Registry, storageId: string) => Promise<unknown>;
  readonly gives: unknown;
}

const ann = (storageId: string): ReturnType<typeof aPerson> => aPerson('Ann', { storageId });
const one = (storageId: string): ReturnType<typeof aPhoto> => aPhoto(ann(storageId), 'one');
const two = (storageId: string): ReturnType<typeof aPhoto> => aPhoto(ann(storageId), 'two');

/** What each call gives on a model of Ann, her photo `one`, and the counter 1. */
const cases: Readonly<Record<string, Case>> = {
  createPerson: { call: async (r, m) => (await r.createPerson(aPerson('Ben', { storageId: m }))).outcome, gives: 'created' },
  changePerson: { call: async (r, m) => (await r.changePerson(m, ann(m).id, { name: 'Anne' }))?.name, gives: 'Anne' },
  addPhoto: { call: (r, m) => r.addPhoto(two(m)), gives: 'added' },
  'addPhoto, of a photo that is there': { call: (r, m) => r.addPhoto(one(m)), gives: 'duplicate' },
  removePhoto: { call: (r, m) => r.removePhoto({ ...one(m), removedAt: AT }), gives: true },
  erasePerson: {
    call: (r, m) => r.erasePerson(m, ann(m).id, AT),
    gives: expect.objectContaining({ requestedAt: AT, photos: 1, maskedAt: null, completedAt: null }),
  },
  raiseCounter: { call: (r, m) => r.raiseCounter(m, 7), gives: 7 },
  eraseModel: { call: (r, m) => r.eraseModel(m), gives: undefined },
  counts: { call: (r, m) => r.counts(m), gives: { people: 1, photos: 1 } },
};

describe('a registry in MongoDB', () => {
  if (typeof server === 'string') it.skip(`is not tested: ${server}`, () => undefined);
  else lostAnswers(server.url);
});

function lostAnswers(url: string): void {
  let proxy: TcpProxy;
  let opened: OnMongo;
  let registry: Registry;
  beforeAll(async () => {
    proxy = await tcpProxy(portOf(url));
    opened = await onFreshDatabase(through(url, proxy.port), { timeoutMs: 20_000 });
    registry = opened.registry;
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    if (typeof server !== 'string') await server.stop();
  });

  async function filledModel(): Promise<string> {
    const storageId = `fm-${randomUUID()}`;
    await registry.createPerson(ann(storageId));
    await registry.addPhoto(one(storageId));
    await registry.bumpCounter(storageId);
    return storageId;
  }

  it.each(Object.entries(cases))(
    'gives the right answer to %s when the answer to any one command of it is lost',
    async (_, { call, gives }) => {
      for (let nth = 1; ; nth++) {
        const storageId = await filledModel();
        const lost = loseAnswer(proxy, nth);
        expect(await call(registry, storageId)).toEqual(gives);
        proxy.intercept(undefined);
        if (!lost()) break;
      }
    },
  );

  it('never gives a value of the counter twice, whatever answers are lost', async () => {
    const storageId = await filledModel();
    const given = [1];
    for (let i = 0; i < 3; i++) {
      loseAnswer(proxy, 1);
      given.push(await registry.bumpCounter(storageId), await registry.bumpCounter(storageId));
    }
    proxy.intercept(undefined);
    expect(given).toEqual([...new Set(given)].sort((a, b) => a - b));
    expect(await registry.counter(storageId)).toBe(given.at(-1));
  });

  it('ends a removal once, although its answer is lost and the photo is removed again', async () => {
    const storageId = await filledModel();
    const removal = { ...one(storageId), removedAt: AT };
    await registry.removePhoto(removal);
    loseAnswer(proxy, 2);
    await registry.removalDone(removal);
    proxy.intercept(undefined);
    expect(await registry.addPhoto(one(storageId))).toBe('added');
  });
}

/** Lets the nth command that comes from here on through, and resets its connection when it is answered. Whether there was an nth. */
function loseAnswer(proxy: TcpProxy, nth: number): () => boolean {
  let seen = 0;
  let awaited: number | undefined;
  proxy.intercept((chunk, direction) => {
    if (direction === 'toClient') return awaited !== undefined && answeredIn(chunk) === awaited ? 'reset' : chunk;
    const command = commandIn(chunk);
    if (isOnRows(command) && ++seen === nth) awaited = command.id;
    return chunk;
  });
  return () => awaited !== undefined;
}
