import { aModelState, anEvent, aReplicaReport, aTrainCommand, describeMessagingContract } from '@facehash/messaging-core/testing';
import { reasonAgainst, startServer } from '@facehash/test-servers';
import type { KvChange, ModelState, ReplicaReport } from '@facehash/messaging-core';
import { commandStream, eventStream, keySubject, streamOf } from './names.js';
import { describeOnNats, ownServer, TestNats } from './testing/nats-server.js';
import { Watching, until } from './testing/watching.js';

describeOnNats(await reasonAgainst('nats', ownServer), 'messaging on NATS', () => {
  let nats: TestNats;
  beforeAll(async () => (nats = await TestNats.on(await startServer('nats', ownServer))));
  afterAll(() => nats[Symbol.asyncDispose]());
  afterEach(async () => {
    await nats.closeAll();
    for await (const { config } of nats.jsm.streams.list()) await nats.jsm.streams.delete(config.name);
  });

  describeMessagingContract('NATS', () => nats.open());

  describe('a bucket', () => {
    it('forgets what came of age, and tells who watches', async () => {
      const { replicas } = await nats.open({ limits: { replicaTtlMs: 1_000 } });
      const watching = new Watching<ReplicaReport>(replicas);
      await watching.until('synced');
      await replicas.put('pod.a', aReplicaReport(), null);
      await until(async () => (await replicas.get('pod.a')) !== undefined);
      await watching.until('put pod.a');
      await watching.until('delete pod.a');
      expect(await replicas.get('pod.a')).toBeUndefined();
      expect(await replicas.put('pod.a', aReplicaReport(), null)).toBeDefined();
    });

    it('forgets in time that a model was deleted, and no model that lives', async () => {
      const { models } = await nats.open({ limits: { tombstoneTtlMs: 1_000 } });
      for (const key of ['lives', 'gone', 'back']) await models.put(key, aModelState(), null);
      for (const key of ['gone', 'back']) {
        const before = await models.get(key);
        expect(await models.put(key, aModelState({ tombstone: true }), before?.revision ?? null)).toBeDefined();
      }
      const dead = await models.get('back');
      expect(dead?.value.tombstone).toBe(true);
      await models.put('back', aModelState(), dead?.revision ?? null);
      await until(async () => (await models.get('gone')) === undefined);
      expect((await models.get('lives'))?.value.tombstone).toBe(false);
      expect((await models.get('back'))?.value.tombstone).toBe(false);
      expect(await models.put('gone', aModelState(), null)).toBeDefined();
    });

    it('passes over a value of a newer format, with one line in the log, and goes on', async () => {
      const { models } = await nats.open();
      await models.put('old', aModelState(), null);
      await nats.jsm.jetstream().publish(keySubject('models', 'new'), JSON.stringify({ ...aModelState(), v: 2 }));
      await nats.jsm.jetstream().publish(keySubject('models', 'broken'), '{');
      const watching = new Watching<ModelState>(models);
      await watching.until('synced');
      await models.put('more', aModelState(), null);
      await watching.until('put more');
      expect(watching.seen).toEqual(['put old', 'synced', 'put more']);
      expect(nats.log.lines.filter(({ level }) => level === 'error').map(({ message, fields }) => [message, fields['key']])).toEqual([
        ['a value is not understood and is passed over', 'new'],
        ['a value is not understood and is passed over', 'broken'],
      ]);
      await expect(models.get('new')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { understood: false } });
    });

    it('refuses a value that is larger than it takes', async () => {
      const { models } = await nats.open({ limits: { valueBytes: 2_000 } });
      const large = aModelState({ quarantined: Array.from({ length: 200 }, (_, i) => `per_${String(i).padStart(20, '0')}`) });
      await expect(models.put('m', large, null)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      const larger = aModelState({ displayName: 'x'.repeat(2 * 1024 * 1024) });
      await expect(models.put('m', larger, null)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    });

    it('says so when what it is given has no room, and takes it when there is room again', async () => {
      const { models } = await nats.open({ limits: { modelsBytes: 10_000 } });
      const state = aModelState({ displayName: 'x'.repeat(4_000) });
      expect(await models.put('a', state, null)).toBeDefined();
      expect(await models.put('b', state, null)).toBeDefined();
      await expect(models.put('c', state, null)).rejects.toMatchObject({ code: 'OVERLOADED' });
      await models.delete('a');
      expect(await models.put('c', state, null)).toBeDefined();
    });

    it('does not tell a watcher of keys that were deleted before it came', async () => {
      const { models } = await nats.open();
      await models.put('a', aModelState(), null);
      await models.delete('a');
      const watching = new Watching<ModelState>(models);
      await watching.until('synced');
      expect(watching.seen).toEqual(['synced']);
    });

    it('lets go of the line of a watcher who stops in the middle', async () => {
      const { models } = await nats.open();
      for (const key of ['a', 'b', 'c']) await models.put(key, aModelState(), null);
      const seen: KvChange<ModelState>[] = [];
      for await (const change of models.watch(new AbortController().signal)) {
        seen.push(change);
        if (seen.length === 2) break;
      }
      expect(seen).toHaveLength(2);
    });
  });

  describe('events', () => {
    it('are stored once also long after the first time, and anew once they were forgotten', async () => {
      const { events } = await nats.open({ limits: { eventsMax: 2 } });
      const count = async (): Promise<number> => (await nats.jsm.streams.info(eventStream)).state.last_seq;
      await events.publish(anEvent('1'));
      await nats.jsm.streams.update(eventStream, { duplicate_window: 100_000_000 });
      await new Promise((resolve) => setTimeout(resolve, 200));
      await events.publish(anEvent('1'));
      await events.publish(anEvent('1', { type: 'dev.facehash.person.erased' }));
      expect(await count()).toBe(1);
      for (const id of ['2', '3', '1']) await events.publish(anEvent(id));
      expect(await count()).toBe(4);
    });

    it('of any id and any model find their place', async () => {
      const { events } = await nats.open();
      const ids = ['a.b', '*', '>', 'with space', 'ä', 'x'.repeat(300), '=odd'];
      for (const id of ids) await events.publish(anEvent(id, { subject: `model ${id}` }));
      for (const id of ids) {
        expect([id, await events.holds({ storageId: `model ${id}`, id })]).toEqual([id, true]);
        expect([id, await events.holds({ storageId: 'model', id })]).toEqual([id, false]);
      }
    });

    it('that are not understood are passed over', async () => {
      const { events } = await nats.open();
      await events.publish(anEvent('1'));
      await nats.jsm.jetstream().publish(`facehash.events.${anEvent().subject}.model.changed.x`, 'no event');
      await events.publish(anEvent('2'));
      const ids: string[] = [];
      for await (const { id } of events.subscribe({ storageId: anEvent().subject, afterId: 'none' }, new AbortController().signal)) {
        ids.push(id);
        if (id === '2') break;
      }
      expect(ids).toEqual(['1', '2']);
      expect(nats.told).toContain('an event is not understood and is passed over');
    });
  });

  describe('commands', () => {
    it('that are not understood are dropped, with a line in the log', async () => {
      const { commands } = await nats.open();
      await commands.send(aTrainCommand(1));
      await nats.jsm.jetstream().publish('facehash.commands.dance.x', JSON.stringify({ ...aTrainCommand(2), kind: 'dance' }));
      await commands.send(aTrainCommand(3));
      const given: string[] = [];
      const stop = new AbortController();
      const consuming = commands.consume(async ({ id }) => void given.push(id), stop.signal);
      await until(() => given.length === 2);
      await until(async () => (await nats.jsm.streams.info(commandStream)).state.messages === 0);
      expect(given).toEqual(['train-1', 'train-3']);
      expect(nats.told.filter((line) => line === 'a command is not understood and is dropped')).toHaveLength(1);
      stop.abort();
      await consuming;
    });

    it('are not handed to another consumer while they are being handled, however long that takes', async () => {
      const { commands } = await nats.open({ limits: { ackWaitMs: 600 } });
      const stop = new AbortController();
      const given: string[] = [];
      const handle = async ({ id }: { id: string }): Promise<void> => {
        given.push(id);
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      };
      const consuming = [commands.consume(handle, stop.signal), commands.consume(handle, stop.signal)];
      await commands.send(aTrainCommand(1));
      await until(() => given.length > 0);
      await until(async () => (await nats.jsm.streams.info(commandStream)).state.messages === 0);
      expect(given).toEqual(['train-1']);
      stop.abort();
      await Promise.all(consuming);
    });

    it('are refused when too many wait, and taken when there is room again', async () => {
      const { commands } = await nats.open({ limits: { commandsMax: 2 } });
      for (const snapshot of [1, 2]) await commands.send(aTrainCommand(snapshot));
      await expect(commands.send(aTrainCommand(3))).rejects.toMatchObject({ code: 'OVERLOADED' });
      const stop = new AbortController();
      const given: string[] = [];
      const consuming = commands.consume(async ({ id }) => void given.push(id), stop.signal);
      await until(() => given.length === 2);
      await until(async () => (await nats.jsm.streams.info(commandStream)).state.messages === 0);
      await commands.send(aTrainCommand(3));
      await until(() => given.length === 3);
      stop.abort();
      await consuming;
    });
  });

  it('reads 10,000 models in seconds, in little more memory than they take', async () => {
    const { models } = await nats.open();
    const count = 10_000;
    const js = nats.jsm.jetstream();
    await models.get('wait-for-set-up');
    const value = JSON.stringify(aModelState({ displayName: 'x'.repeat(1_000) }));
    for (let i = 0; i < count; i += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, j) => js.publish(keySubject('models', `m-${i + j}`), value)));
    }
    const before = process.memoryUsage().rss;
    const began = performance.now();
    let [seen, most] = [0, before];
    for await (const change of models.watch(new AbortController().signal)) {
      if (change.kind === 'synced') break;
      if (++seen % 500 === 0) most = Math.max(most, process.memoryUsage().rss);
    }
    const tookMs = performance.now() - began;
    expect(seen).toBe(count);
    expect(tookMs).toBeLessThan(20_000);
    expect((most - before) / 1e6).toBeLessThan(200);
    if (process.env['FACEHASH_TELL'] !== undefined) process.stdout.write(`synced after ${tookMs} ms, ${(most - before) / 1e6} MB more\n`);
    expect((await nats.jsm.streams.info(streamOf('models'))).state.messages).toBe(count);
  }, 60_000);
});
