import type { ModelState, ReplicaReport } from '@facehash/messaging-core';
import { aModelState, anEvent, aReplicaReport, aTrainCommand } from '@facehash/messaging-core/testing';
import { reasonAgainst, startServer } from '@facehash/test-servers';
import { tcpProxy, type TcpProxy } from '@facehash/testing';
import { commandStream, eventStream, streamOf } from './names.js';
import type { NatsMessaging } from './nats-messaging.js';
import type { NatsOptions } from './options.js';
import { describeOnNats, ownServer, TestNats } from './testing/nats-server.js';
import { until, Watching } from './testing/watching.js';

const away = 'NATS cannot be used: what needs it fails until it is back';
const unavailable = { code: 'STORE_UNAVAILABLE' };
const numbered = (sequence: number): ModelState => aModelState({ fence: { term: 1, sequence } });

describeOnNats(await reasonAgainst('nats', ownServer), 'when things go wrong', () => {
  let nats: TestNats;
  let proxy: TcpProxy;
  beforeEach(async () => {
    nats = await TestNats.on(await startServer('nats', ownServer));
    proxy = await tcpProxy({ port: nats.port });
  });
  afterEach(async () => {
    proxy.heal();
    await nats[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });
  /** A client whose network is the proxy. */
  const far = (options: Partial<NatsOptions> = {}): Promise<NatsMessaging> =>
    nats.open({ servers: [nats.through(proxy)], name: 'far', ...options });
  /** Breaks the connection off, once, where the server's next answer of that kind would have come through. */
  const loseAnswer = (of: string): void => {
    let lost = false;
    proxy.intercept((chunk, direction) => {
      if (lost || direction === 'toServer' || !chunk.includes(of)) return chunk;
      lost = true;
      return 'reset';
    });
  };
  const count = async (stream: string): Promise<number> => (await nats.jsm.streams.info(stream)).state.messages;

  describe('a server that crashes and comes back', () => {
    it('has lost nothing that was acknowledged, and watchers and readers go on', async () => {
      const { models, events, commands } = await nats.open();
      const watching = new Watching<ModelState>(models);
      await watching.until('synced');
      const seen: string[] = [];
      const stop = new AbortController();
      const reading = (async () => {
        for await (const { id } of events.subscribe({ storageId: anEvent().subject, afterId: 'none' }, stop.signal)) seen.push(id);
      })();
      for (let i = 1; i <= 20; i++) await models.put(`m-${i}`, numbered(i), null);
      await events.publish(anEvent('before'));
      await commands.send(aTrainCommand(1));
      await nats.process.end('SIGKILL');
      const during = models.put('during', numbered(0), null);
      await nats.process.startAgain();
      expect(await during).toBeDefined();
      for (let i = 1; i <= 20; i++) expect((await models.get(`m-${i}`))?.value).toEqual(numbered(i));
      await models.put('after', numbered(1), null);
      await watching.until('put after');
      await events.publish(anEvent('after'));
      await until(() => seen.length === 2);
      const given: string[] = [];
      const consuming = commands.consume(async ({ id }) => void given.push(id), stop.signal);
      await until(() => given.length === 1);
      stop.abort();
      await Promise.all([reading, consuming]);
      expect(watching.seen.filter((what) => what === 'synced')).toHaveLength(1);
      expect(new Set(watching.seen).size).toBe(watching.seen.length);
      expect(seen).toEqual(['before', 'after']);
      expect(nats.told).toEqual(['connected to NATS', away, 'NATS is back']);
    });

    it('is waited for, also for the first time', async () => {
      await nats.process.end('SIGTERM');
      const messaging = await nats.open({ timeoutMs: 300 });
      const began = performance.now();
      await expect(messaging.models.get('m')).rejects.toMatchObject(unavailable);
      expect(performance.now() - began).toBeLessThan(2_000);
      expect(messaging.health()).toEqual({ ok: false, why: expect.stringContaining('NATS cannot be used: ') as string });
      const watching = new Watching<ModelState>(messaging.models);
      await nats.process.startAgain();
      await watching.until('synced');
      expect(messaging.health()).toEqual({ ok: true, why: `connected to 127.0.0.1:${nats.port}` });
      expect(nats.told).toEqual([away, 'NATS is back']);
    });

    it('with empty hands is set up again, and watchers of what was there end with an error', async () => {
      const { models } = await nats.open();
      const watching = new Watching<ModelState>(models);
      await models.put('m', numbered(1), null);
      await models.put('m2', numbered(1), null);
      await watching.until('put m2');
      await nats.jsm.streams.delete(streamOf('models'));
      await nats.process.end('SIGTERM');
      await nats.process.startAgain();
      await expect(watching.ended).rejects.toMatchObject(unavailable);
      expect(watching.seen.filter((what) => what.startsWith('delete'))).toEqual([]);
      await until(async () => (await models.put('m', numbered(2), null)) !== undefined);
    });
  });

  describe('a client that is cut off', () => {
    it('catches up with the last value of each key, and with what was deleted', async () => {
      const [here, there] = [await nats.open(), await far({ timeoutMs: 300 })];
      let revision = (await here.models.put('m', numbered(0), null)) ?? null;
      await here.models.put('gone', numbered(0), null);
      const watching = new Watching<ModelState>(there.models);
      await watching.until('synced');
      proxy.cut();
      for (let i = 1; i <= 5; i++) revision = (await here.models.put('m', numbered(i), revision)) ?? null;
      await here.models.put('new', numbered(1), null);
      await here.models.delete('gone');
      await expect(there.models.get('m')).rejects.toMatchObject(unavailable);
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(watching.last('m')).toEqual(numbered(0));
      proxy.heal();
      await until(() => watching.last('m')?.fence.sequence === 5);
      await watching.until('put new');
      await watching.until('delete gone');
      expect(watching.seen.filter((what) => what === 'synced')).toHaveLength(1);
      expect(nats.told.filter((line) => line === away)).toHaveLength(1);
      expect(nats.told.filter((line) => line === 'NATS is back')).toHaveLength(1);
    });

    it('is told of what is gone without a trace', async () => {
      const limits = { replicaTtlMs: 1_000 };
      const [here, there] = [await nats.open({ limits }), await far({ setup: 'none' })];
      await here.replicas.put('pod.m', aReplicaReport(), null);
      const watching = new Watching<ReplicaReport>(there.replicas);
      await watching.until('put pod.m');
      proxy.cut();
      await until(async () => (await count(streamOf('replicas'))) === 0);
      proxy.heal();
      await watching.ended.catch(() => undefined);
      const again = new Watching<ReplicaReport>(there.replicas);
      await again.until('synced');
      expect(again.seen).toEqual(['synced']);
    });

    it('is told of what is gone without a trace while the rest goes on', async () => {
      const [here, there] = [await nats.open({ limits: { replicaTtlMs: 1_000 } }), await far({ setup: 'none' })];
      await here.replicas.put('gone.m', aReplicaReport(), null);
      const watching = new Watching<ReplicaReport>(there.replicas);
      await watching.until('put gone.m');
      proxy.cut();
      await until(async () => (await count(streamOf('replicas'))) === 0);
      await here.replicas.put('new.m', aReplicaReport(), null);
      proxy.heal();
      await watching.until('delete gone.m');
      await watching.until('put new.m');
      expect(watching.seen.filter((what) => what === 'synced')).toHaveLength(1);
    });

    it('may not overwrite what another wrote meanwhile', async () => {
      const [here, there] = [await nats.open(), await far()];
      const read = await here.models.put('m', numbered(1), null);
      expect((await there.models.get('m'))?.revision).toBe(read);
      proxy.cut();
      await here.models.put('m', numbered(2), read ?? null);
      const late = there.models.put('m', numbered(3), read ?? null);
      proxy.heal();
      expect(await late).toBeUndefined();
      expect((await there.models.get('m'))?.value).toEqual(numbered(2));
    });

    it('with a command in its hands loses it to another, and none is lost', async () => {
      const limits = { ackWaitMs: 1_000 };
      const [here, there] = [await nats.open({ limits }), await far({ limits })];
      const stop = new AbortController();
      const given: string[] = [];
      const consume = ({ commands }: NatsMessaging, who: string, pause: Promise<void>): Promise<void> =>
        commands.consume(async ({ id }) => {
          given.push(`${who} ${id}`);
          await pause;
        }, stop.signal);
      let done: () => void = () => undefined;
      const consuming = [consume(there, 'there', new Promise((resolve) => (done = resolve)))];
      for (const snapshot of [1, 2, 3]) await here.commands.send(aTrainCommand(snapshot));
      await until(() => given.length === 1);
      proxy.cut();
      consuming.push(consume(here, 'here', Promise.resolve()));
      await until(async () => (await count(commandStream)) === 0);
      expect(given[0]).toBe('there train-1');
      expect(given.slice(1).sort()).toEqual(['here train-1', 'here train-2', 'here train-3']);
      done();
      stop.abort();
      await Promise.all(consuming);
    });
  });

  describe('an answer that is lost', () => {
    it('of a value that was written is found out', async () => {
      const { models } = await far();
      const first = await models.put('m', numbered(1), null);
      loseAnswer(`"${streamOf('models')}"`);
      const second = await models.put('m', numbered(2), first ?? null);
      expect(second).toBe((first ?? 0) + 1);
      loseAnswer(`"${streamOf('models')}"`);
      expect(await models.put('n', numbered(1), null)).toBe((first ?? 0) + 2);
      expect(await count(streamOf('models'))).toBe(2);
    });

    it('of a value that another replaced since is called unknown, and not lost', async () => {
      const [here, there] = [await nats.open(), await far()];
      const first = (await here.models.put('m', numbered(1), null)) ?? 0;
      let lost = false;
      proxy.intercept((chunk, direction) => {
        if (direction === 'toServer' || !chunk.includes('"seq"')) return chunk;
        lost = true;
        proxy.cut();
        return 'reset';
      });
      await there.events.holds({ storageId: 'x', id: 'x' });
      const writing = there.models.put('m', numbered(2), first);
      await until(() => lost);
      expect(await here.models.put('m', numbered(3), first + 1)).toBe(first + 2);
      proxy.heal();
      await expect(writing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { written: 'unknown' } });
    });

    it('of a value in place of a deleted one is found out, too', async () => {
      const [here, there] = [await nats.open(), await far()];
      await there.models.put('m', numbered(1), null);
      await there.models.delete('m');
      let answers = 0;
      proxy.intercept((chunk, direction) => {
        // The first answer says that something is there, which is then read: the deletion.
        if (direction === 'toServer' || !chunk.includes(`"stream":"${streamOf('models')}"`) || ++answers !== 2) return chunk;
        return 'reset';
      });
      const written = await there.models.put('m', numbered(2), null);
      expect([await here.models.get('m'), answers]).toEqual([{ key: 'm', revision: written, value: numbered(2) }, 3]);
    });

    it('of an event or a command makes it no second one', async () => {
      const { events, commands } = await far();
      await events.holds({ storageId: 'x', id: 'x' });
      loseAnswer(`"${eventStream}"`);
      await events.publish(anEvent('1'));
      loseAnswer(`"${commandStream}"`);
      await commands.send(aTrainCommand(1));
      expect(await Promise.all([eventStream, commandStream].map(count))).toEqual([1, 1]);
    });
  });

  describe('a network that swallows everything', () => {
    it('costs a call its time and no more, is noticed, and is gone over', async () => {
      const messaging = await far({ timeoutMs: 400 });
      await messaging.models.put('m', numbered(1), null);
      const watching = new Watching<ModelState>(messaging.models);
      await watching.until('synced');
      proxy.stall();
      const began = performance.now();
      const calls = [messaging.models.get('m'), messaging.models.put('m', numbered(2), 1), messaging.events.publish(anEvent())];
      for (const { status } of await Promise.allSettled(calls)) expect(status).toBe('rejected');
      expect(performance.now() - began).toBeLessThan(2_000);
      await until(() => !messaging.health().ok);
      proxy.heal();
      await until(() => messaging.health().ok);
      await until(async () => (await messaging.models.get('m')) !== undefined);
      const { models } = await nats.open();
      await models.put('other', numbered(1), null);
      await watching.until('put other');
      const lines = nats.log.lines.filter(({ message }) => message === away);
      expect(lines.map(({ fields }) => fields['reason'])).toEqual(['the server does not answer any more']);
    });

    it('does not keep anybody from closing, with everything under way', async () => {
      const messaging = await far({ timeoutMs: 60_000 });
      const stop = new AbortController();
      const watching = [new Watching<ModelState>(messaging.models), new Watching<ReplicaReport>(messaging.replicas)];
      for (const each of watching) await each.until('synced');
      const consuming = messaging.commands.consume(() => Promise.resolve(), stop.signal);
      const reading = (async () => {
        for await (const _ of messaging.events.subscribe({ storageId: 'x' }, stop.signal)) continue;
      })();
      await new Promise((resolve) => setTimeout(resolve, 100));
      proxy.stall();
      const calls = [messaging.models.get('m'), messaging.models.put('m', numbered(1), null), messaging.commands.send(aTrainCommand(1))];
      const settled = Promise.allSettled(calls);
      const began = performance.now();
      await messaging.close();
      await Promise.all([...watching.map(({ ended }) => ended), consuming, reading]);
      for (const result of await settled) expect(result).toMatchObject({ status: 'rejected', reason: unavailable });
      expect(performance.now() - began).toBeLessThan(2_000);
      proxy.heal();
      await until(() => proxy.open === 0);
    });
  });

  it('a watcher who does not read keeps nobody waiting, and then finds the newest', async () => {
    const messaging = await far();
    const { models } = messaging;
    await models.put('m-0', numbered(0), null);
    const idle = models.watch(new AbortController().signal)[Symbol.asyncIterator]();
    await idle.next();
    const watching = new Watching<ModelState>(models);
    const revisions = new Map<number, number>();
    for (let i = 1; i <= 1_000; i++) {
      const key = (i % 10) + 1;
      revisions.set(key, (await models.put(`m-${key}`, numbered(i), revisions.get(key) ?? null)) ?? 0);
    }
    await until(() => watching.last('m-1')?.fence.sequence === 1_000);
    const rest: string[] = [];
    for (let i = 0; i < 11; i++) {
      const { value, done } = await idle.next();
      if (done !== true) rest.push(value.kind === 'put' ? `${value.entry.key} ${value.entry.value.fence.sequence}` : value.kind);
    }
    expect(rest.sort()).toEqual(
      ['m-1 1000', 'm-10 999', ...[2, 3, 4, 5, 6, 7, 8, 9].map((key) => `m-${key} ${990 + key - 1}`), 'synced'].sort(),
    );
  });

  it('nothing is left behind: no connection, and no reader on the server', async () => {
    for (let i = 0; i < 20; i++) {
      const messaging = await far();
      const watching = new Watching<ModelState>(messaging.models);
      await watching.until('synced');
      await messaging.close();
      await watching.ended;
    }
    await until(() => proxy.open === 0);
    expect(proxy.made).toBe(20);
  });
});
