import type { KvBucket, KvChange } from '../ports.js';
import type { ModelState } from '../schemas.js';
import { aModelState, aPeopleProjection, aReplicaReport } from './builders.js';
import type { Opened } from './contract.js';
import { Reading } from './reading.js';

const invalid = { code: 'REQUEST_INVALID' };
const synced = (changes: readonly KvChange<unknown>[]): boolean => changes.some((change) => change.kind === 'synced');
const sequenceOf = ({ fence }: ModelState): number => fence.sequence;
const numbered = (sequence: number): ModelState => aModelState({ fence: { term: 1, sequence } });

export function describeBucketContract(opened: () => Opened): void {
  describe('a bucket', () => {
    let models: KvBucket<ModelState>;
    const watch = (): Reading<KvChange<ModelState>> => new Reading(models.watch(opened().stop.signal));
    beforeEach(() => {
      ({ models } = opened().messaging);
    });

    it('is written by compare-and-set only', async () => {
      const first = await models.put('m', aModelState(), null);
      expect(first).toBeDefined();
      expect(await models.put('m', aModelState(), null)).toBeUndefined();
      const second = await models.put('m', aModelState({ phase: 'Ready' }), first ?? null);
      expect(second).toBeGreaterThan(first ?? Infinity);
      expect(await models.put('m', aModelState({ phase: 'Training' }), first ?? null)).toBeUndefined();
      expect(await models.get('m')).toEqual({ key: 'm', revision: second, value: aModelState({ phase: 'Ready' }) });
    });

    it('has one revision for all its keys, which only grows', async () => {
      const revisions: (number | undefined)[] = [];
      for (const key of ['a', 'b', 'c']) revisions.push(await models.put(key, aModelState(), null));
      revisions.push(await models.put('a', aModelState(), revisions[0] ?? null));
      expect(new Set(revisions).size).toBe(4);
      expect(revisions).toEqual([...revisions].sort((a, b) => (a ?? 0) - (b ?? 0)));
      expect(await models.put('b', aModelState(), revisions[0] ?? null)).toBeUndefined();
    });

    it('takes one of ten who write at once', async () => {
      const tried = await Promise.all(Array.from({ length: 10 }, (_, i) => models.put('m', numbered(i), null)));
      const won = tried.findIndex((revision) => revision !== undefined);
      expect(tried.filter((revision) => revision !== undefined)).toHaveLength(1);
      expect(await models.get('m')).toEqual({ key: 'm', revision: tried[won], value: numbered(won) });
    });

    it('loses no step of those who each read, add one and try again', async () => {
      const addOne = async (): Promise<void> => {
        for (let written: number | undefined; written === undefined;) {
          const before = await models.get('m');
          written = await models.put('m', numbered(before ? sequenceOf(before.value) + 1 : 1), before?.revision ?? null);
        }
      };
      await Promise.all(Array.from({ length: 8 }, addOne));
      expect((await models.get('m'))?.value).toEqual(numbered(8));
    });

    it('forgets what was deleted, and takes it anew', async () => {
      const revision = await models.put('m', aModelState(), null);
      await models.delete('m');
      await models.delete('m');
      await models.delete('nobody');
      expect(await models.get('m')).toBeUndefined();
      expect(await models.put('m', aModelState(), revision ?? null)).toBeUndefined();
      expect(await models.put('m', aModelState(), null)).toBeGreaterThan(revision ?? Infinity);
    });

    it('refuses a value that is not what it holds', async () => {
      const { people, replicas } = opened().messaging;
      for (const wrong of [{ ...aModelState(), phase: 'Dancing' }, { ...aModelState(), v: 2 }, { ...aModelState(), more: 1 }, null]) {
        await expect(models.put('m', wrong as ModelState, null)).rejects.toMatchObject(invalid);
      }
      await expect(people.put('m', aReplicaReport() as never, null)).rejects.toMatchObject(invalid);
      await expect(replicas.put('m', aPeopleProjection() as never, null)).rejects.toMatchObject(invalid);
      expect(await models.get('m')).toBeUndefined();
      expect(await people.put('m', aPeopleProjection(), null)).toBeDefined();
      expect(await replicas.put('one.m', aReplicaReport(), null)).toBeDefined();
    });

    it.each(['', 'a b', '.', '.a', 'a.', 'a..b', 'a/b', 'ä', 'a*', '>', 'x'.repeat(256)])('refuses the key %j', async (key) => {
      await expect(models.put(key, aModelState(), null)).rejects.toMatchObject(invalid);
      await expect(models.get(key)).rejects.toMatchObject(invalid);
      await expect(models.delete(key)).rejects.toMatchObject(invalid);
    });

    it('does not change with the value that it was written from', async () => {
      const value = aModelState({ conditions: [] });
      await models.put('m', value, null);
      value.conditions.push({ type: 'Ready', status: 'True', reason: 'UpToDate', message: '', observedGeneration: 1 });
      expect((await models.get('m'))?.value.conditions).toEqual([]);
    });

    it('does nothing for a signal that has aborted, and gives its reason', async () => {
      const enough = new Error('enough');
      const signal = AbortSignal.abort(enough);
      await models.put('kept', aModelState(), null);
      await expect(models.put('m', aModelState(), null, signal)).rejects.toBe(enough);
      await expect(models.get('kept', signal)).rejects.toBe(enough);
      await expect(models.delete('kept', signal)).rejects.toBe(enough);
      expect([await models.get('m'), (await models.get('kept'))?.key]).toEqual([undefined, 'kept']);
    });

    it('shows a watcher what was there, then that this was all', async () => {
      for (const key of ['a', 'b', 'gone']) await models.put(key, aModelState({ name: key }), null);
      await models.delete('gone');
      const seen = watch();
      await seen.until(synced);
      const initially = seen.items.slice(
        0,
        seen.items.findIndex(({ kind }) => kind === 'synced'),
      );
      const put = initially.flatMap((change) => (change.kind === 'put' ? [[change.entry.key, change.entry.value.name]] : []));
      expect(put.sort()).toEqual([
        ['a', 'a'],
        ['b', 'b'],
      ]);
    });

    it('tells the watcher of an empty one that this was all', async () => {
      const seen = watch();
      await seen.until(synced);
      expect(seen.items).toEqual([{ kind: 'synced' }]);
    });

    it('shows every watcher what changes', async () => {
      const b = await models.put('b', aModelState(), null);
      await models.put('c', aModelState(), null);
      const watchers = [watch(), watch()];
      for (const seen of watchers) await seen.until(synced);
      await models.put('a', aModelState(), null);
      const second = await models.put('b', aModelState({ phase: 'Ready' }), b ?? null);
      await models.delete('c');
      for (const seen of watchers) {
        await seen.until((changes) =>
          ['a', 'b', 'c'].every((key) => changes.slice(changes.findIndex(isSynced)).some((c) => keyOf(c) === key)),
        );
        expect(seen.items).toContainEqual({ kind: 'put', entry: { key: 'b', revision: second, value: aModelState({ phase: 'Ready' }) } });
        expect(seen.items.filter((c) => keyOf(c) === 'c').at(-1)).toEqual({ kind: 'delete', key: 'c' });
      }
    });

    it('shows a watcher who reads slowly the last value of each key, and never an older one after a newer', async () => {
      const seen: KvChange<ModelState>[] = [];
      const last = (key: string): number | undefined =>
        seen.flatMap((c) => (keyOf(c) === key && c.kind === 'put' ? [sequenceOf(c.entry.value)] : [])).at(-1);
      const revisions: Record<string, number | null> = { a: null, b: null };
      const write = async (sequence: number): Promise<void> => {
        for (const key of ['a', 'b']) revisions[key] = (await models.put(key, numbered(sequence), revisions[key] ?? null)) ?? null;
      };
      await write(0);
      let written = 0;
      for await (const change of models.watch(opened().stop.signal)) {
        seen.push(change);
        if (written < 30) for (let i = 0; i < 10; i++) await write(++written);
        if (last('a') === 30 && last('b') === 30) break;
      }
      for (const key of ['a', 'b']) {
        const order = seen.flatMap((c) => (c.kind === 'put' && c.entry.key === key ? [c.entry.revision] : []));
        expect(order).toEqual([...order].sort((x, y) => x - y));
      }
    });

    it('ends a watch without an error when its signal aborts, and no other', async () => {
      const own = new AbortController();
      const [ending, going] = [new Reading(models.watch(own.signal)), watch()];
      await Promise.all([ending.until(synced), going.until(synced)]);
      own.abort(new Error('enough'));
      await ending.ended;
      await models.put('m', aModelState(), null);
      await going.until((changes) => changes.some((c) => keyOf(c) === 'm'));
      expect(ending.items).toEqual([{ kind: 'synced' }]);
    });

    it('ends every watch when it is closed, and is unavailable then', async () => {
      const seen = watch();
      await seen.until(synced);
      await opened().messaging.close();
      await seen.ended;
      await expect(models.get('m')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(models.put('m', aModelState(), null)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });
  });
}

function isSynced(change: KvChange<unknown>): boolean {
  return change.kind === 'synced';
}

function keyOf(change: KvChange<unknown>): string | undefined {
  if (change.kind === 'put') return change.entry.key;
  return change.kind === 'delete' ? change.key : undefined;
}
