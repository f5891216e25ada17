import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { RecordingLogger } from '@facehash/kernel/testing';
import { aPerson, aPhoto } from '@facehash/registry-core/testing';
import { dyingWithUs, serverBinaries, startServer, type RunningServer } from '@facehash/test-servers';
import { tcpProxy, type TcpProxy } from '@facehash/testing';
import { openMongoRegistry, type MongoOptions, type MongoRegistry } from './index.js';
import { portOf, through } from './testing/commands.js';
import { onFreshDatabase, orReason, type OnMongo } from './testing/on-mongo.js';

const server = await orReason(() => startServer('mongo'));
const unavailable = { code: 'STORE_UNAVAILABLE' };
const TIMEOUT_MS = 1500;
/** On top of a deadline, on a busy machine. */
const SLACK_MS = 1000;

describe('a registry whose MongoDB', () => {
  if (typeof server === 'string') it.skip(`is not tested: ${server}`, () => undefined);
  else faults(server);
});

function faults({ url, process: details, stop }: RunningServer): void {
  const ann = aPerson('Ann');
  const { storageId } = ann;
  let proxy: TcpProxy;
  let opened: OnMongo;
  let registry: MongoRegistry;
  let logger: RecordingLogger;
  const openThere = (options: Partial<MongoOptions> = {}): Promise<OnMongo> =>
    onFreshDatabase(through(url, proxy.port), { timeoutMs: TIMEOUT_MS, logger, ...options });

  beforeEach(async () => {
    proxy = await tcpProxy(portOf(url));
    logger = new RecordingLogger();
    opened = await openThere();
    registry = opened.registry;
  });
  afterEach(async () => {
    proxy.heal();
    await opened[Symbol.asyncDispose]();
    await until(() => proxy.open === 0);
    await proxy[Symbol.asyncDispose]();
  });
  let restarted: AsyncDisposable | undefined;
  afterAll(async () => {
    await restarted?.[Symbol.asyncDispose]();
    await stop();
  });

  it('is away refuses within the deadline, and is used again by itself once it is back', async () => {
    await registry.createPerson(ann);
    proxy.cut();
    const began = performance.now();
    await expect(registry.bumpCounter(storageId)).rejects.toMatchObject(unavailable);
    await expect(registry.person(storageId, ann.id)).rejects.toMatchObject(unavailable);
    expect(performance.now() - began).toBeLessThan(2 * TIMEOUT_MS + SLACK_MS);
    expect(registry.health()).toMatchObject({ ok: false, why: expect.stringContaining('Mongo') });
    proxy.heal();
    expect(await registry.person(storageId, ann.id)).toEqual(ann);
    await until(() => registry.health().ok);
    expect(logger.lines.map(({ message }) => message)).toEqual([
      'the database answers',
      'the database does not answer: trying on',
      'the database answers',
    ]);
  });

  it('is away at the start is waited for, while calls are refused within their deadline', async () => {
    proxy.cut();
    const database = `${opened.database}-late`;
    const late = await openMongoRegistry({ url: through(url, proxy.port), database, timeoutMs: TIMEOUT_MS });
    expect(late.health().ok).toBe(false);
    await expect(late.createPerson(ann)).rejects.toMatchObject(unavailable);
    proxy.heal();
    await until(() => late.health().ok);
    expect((await late.createPerson(ann)).outcome).toBe('created');
    await late.close();
  });

  it('swallows everything refuses within the deadline, and answers once the network does', async () => {
    await registry.createPerson(ann);
    proxy.stall();
    const began = performance.now();
    await expect(registry.addPhoto(aPhoto(ann))).rejects.toMatchObject(unavailable);
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    await until(() => !registry.health().ok);
    proxy.heal();
    await until(() => registry.health().ok);
    expect(['added', 'duplicate']).toContain(await registry.addPhoto(aPhoto(ann)));
    expect(await registry.counts(storageId)).toEqual({ people: 1, photos: 1 });
  });

  it('answers too slowly refuses within the deadline', async () => {
    await registry.createPerson({ ...ann, metadata: { about: 'x'.repeat(100_000) } });
    proxy.slow(2000);
    const began = performance.now();
    await expect(registry.person(storageId, ann.id)).rejects.toMatchObject(unavailable);
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + SLACK_MS);
  });

  it('stops a wait with the reason of the caller’s signal', async () => {
    proxy.stall();
    const enough = new Error('enough');
    const stopped = new AbortController();
    const call = registry.bumpCounter(storageId, stopped.signal);
    setTimeout(() => stopped.abort(enough), 100);
    await expect(call).rejects.toBe(enough);
  });

  it('loses all connections in the middle of many calls answers them all, and rightly', async () => {
    await using patient = await openThere({ timeoutMs: 10_000 });
    await patient.registry.createPerson(ann);
    const photos = Array.from({ length: 20 }, (_, i) => aPhoto(ann, `photo ${i}`));
    const adding = Promise.all(photos.map((photo) => patient.registry.addPhoto(photo)));
    setTimeout(() => proxy.resetAll(), 15);
    expect(new Set(await adding)).toEqual(new Set(['added']));
    expect(await patient.registry.counts(storageId)).toEqual({ people: 1, photos: 20 });
  });

  it('is used by two replicas at once has one person and one row for what both enrol', async () => {
    await using another = await openAnother();
    for (let i = 0; i < 10; i++) {
      const [one, other] = [1, 2].map((n) => ({ ...aPerson(`P${i}`), id: `per_${i}_${n}` }));
      if (!one || !other) throw new Error('two');
      const created = await Promise.all([registry.createPerson(one), another.createPerson(other)]);
      expect(created.map(({ outcome }) => outcome).sort()).toEqual(['created', 'exists']);
      const [winner] = created.map(({ person }) => person);
      if (!winner) throw new Error('one');
      const photo = aPhoto(winner, `photo ${i}`);
      const added = await Promise.all([registry.addPhoto(photo), another.addPhoto(photo)]);
      expect([...added].sort()).toEqual(['added', 'duplicate']);
    }
    expect(await another.counts(storageId)).toEqual({ people: 10, photos: 10 });
  });

  it('is asked to erase somebody who gets photos at the same moment leaves no photo of theirs to be seen', async () => {
    await using another = await openAnother();
    for (let i = 0; i < 10; i++) {
      const person = { ...aPerson(`P${i}`), id: `per_${i}` };
      await registry.createPerson(person);
      const adding = Array.from({ length: 4 }, (_, n) => another.addPhoto(aPhoto(person, `photo ${i} ${n}`)));
      const [, ...added] = await Promise.allSettled([registry.erasePerson(storageId, person.id, 'now'), ...adding]);
      for (const photo of added)
        if (photo.status === 'rejected') expect(photo.reason).toMatchObject({ code: 'PERSON_NOT_FOUND' });
        else expect(photo.value).toBe('added');
    }
    expect(await registry.counts(storageId)).toEqual({ people: 0, photos: 0 });
  });

  it('is no longer needed keeps no connection, also where it was never reached', async () => {
    await registry.bumpCounter(storageId);
    await registry.close();
    await until(() => proxy.open === 0);
    await expect(registry.counter(storageId)).rejects.toMatchObject(unavailable);
    proxy.stall();
    const never = await openMongoRegistry({ url: through(url, proxy.port), timeoutMs: 500 });
    const waiting = never.counter(storageId);
    await Promise.all([expect(waiting).rejects.toMatchObject(unavailable), never.close()]);
    expect(never.health()).toEqual({ ok: false, why: 'closed' });
    proxy.heal();
    await until(() => proxy.open === 0);
  });

  (details ? it : it.skip)('is killed and started again has everything that was acknowledged', async () => {
    const added: string[] = [];
    await registry.createPerson(ann);
    const adding = (async () => {
      for (let i = 0; i < 60; i++) {
        const photo = aPhoto(ann, `photo ${i}`);
        const outcome = await registry.addPhoto(photo).catch(() => undefined);
        if (outcome !== undefined) added.push(photo.sha256);
      }
    })();
    await until(() => added.length > 10);
    process.kill(details?.pid ?? 0, 'SIGKILL');
    await details?.ended;
    restarted = await again(url, details?.folder ?? '');
    await adding;
    const stored: string[] = [];
    for await (const { sha256 } of registry.allPhotos(storageId)) stored.push(sha256);
    expect(added.filter((sha256) => !stored.includes(sha256))).toEqual([]);
    expect(added.length).toBeGreaterThan(50);
    expect(await registry.counts(storageId)).toEqual({ people: 1, photos: stored.length });
  });

  /** As another replica does, with connections of its own. */
  async function openAnother(): Promise<MongoRegistry & AsyncDisposable> {
    const another = await openMongoRegistry({ url, database: opened.database });
    return Object.assign(another, { [Symbol.asyncDispose]: () => another.close() });
  }
}

/** The server that was killed, on the same port and folder. */
async function again(url: string, folder: string): Promise<AsyncDisposable> {
  const { ferretdb = '' } = await serverBinaries(['ferretdb']);
  const [command = '', ...args] = dyingWithUs([ferretdb, '-listen', new URL(url).host, '-dir', join(folder, 'data')], process.env);
  const child: ChildProcess = spawn(command, args, { stdio: 'ignore' });
  return {
    [Symbol.asyncDispose]: async () => {
      if (child.kill('SIGKILL')) await once(child, 'exit');
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 15_000; !holds(); await new Promise((resolve) => setTimeout(resolve, 20)))
    if (performance.now() > end) throw new Error('it did not come to hold within 15 s');
}
