import type { Command, FaceHashEvent } from '../schemas.js';
import type { KvChange, Messaging } from '../ports.js';
import { aModelState, anEvent, aTrainCommand } from './builders.js';

/** What state, events and commands promise. Runs in the process and over a network: it waits for things and never for a time. */
export function describeMessagingContract(name: string, open: () => Promise<Messaging>): void {
  describe(`messaging contract: ${name}`, () => {
    let messaging: Messaging;
    let stop: AbortController;
    beforeEach(async () => {
      messaging = await open();
      stop = new AbortController();
    });
    afterEach(async () => {
      stop.abort();
      await messaging.close();
    });

    describe('a bucket', () => {
      it('is written by compare-and-set only', async () => {
        const first = await messaging.models.put('m', aModelState(), null);
        expect(first).toBeDefined();
        expect(await messaging.models.put('m', aModelState(), null)).toBeUndefined();
        const second = await messaging.models.put('m', aModelState({ phase: 'Ready' }), first ?? null);
        expect(second).toBeGreaterThan(first ?? 0);
        expect(await messaging.models.put('m', aModelState({ phase: 'Training' }), first ?? null)).toBeUndefined();
        expect(await messaging.models.get('m')).toMatchObject({ key: 'm', revision: second, value: { phase: 'Ready' } });
      });

      it('gives exactly one of ten who write at once the word', async () => {
        const tried = await Promise.all(Array.from({ length: 10 }, (_, i) => messaging.models.put('m', aModelState({ name: `writer-${i}` }), null)));
        expect(tried.filter((r) => r !== undefined)).toHaveLength(1);
      });

      it('forgets what was deleted, and takes it anew', async () => {
        await messaging.models.put('m', aModelState(), null);
        await messaging.models.delete('m');
        expect(await messaging.models.get('m')).toBeUndefined();
        expect(await messaging.models.put('m', aModelState(), null)).toBeDefined();
      });

      it('refuses a value that is not what it holds, and a key that is none', async () => {
        const wrong = { ...aModelState(), phase: 'Dancing' };
        await expect(messaging.models.put('m', wrong as never, null)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
        await expect(messaging.models.put('a b', aModelState(), null)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      });

      it('shows a watcher what was there, then that this was all, then every key’s newest value', async () => {
        await messaging.models.put('a', aModelState({ name: 'a' }), null);
        const b = await messaging.models.put('b', aModelState({ name: 'b' }), null);
        const seen = new Watched(messaging.models.watch(stop.signal));
        await seen.until((changes) => changes.some((c) => c.kind === 'synced'));
        expect(seen.summary()).toEqual(['a', 'b', 'synced']);
        await messaging.models.put('b', aModelState({ name: 'b2' }), b ?? null);
        await messaging.models.delete('a');
        await seen.until((changes) => changes.some((c) => c.kind === 'delete') && changes.some((c) => c.kind === 'put' && c.entry.value.name === 'b2'));
      });

      it('ends a watch without an error when its signal aborts', async () => {
        const seen = new Watched(messaging.models.watch(stop.signal));
        await seen.until((changes) => changes.length > 0);
        stop.abort();
        await seen.ended;
      });
    });

    describe('commands', () => {
      it('come one at a time, in order, and once for one id', async () => {
        const handled: string[] = [];
        let running = 0;
        for (const snapshot of [1, 2, 2, 3]) await messaging.commands.send(aTrainCommand(snapshot));
        const consuming = messaging.commands.consume(async (command: Command) => {
          expect(++running).toBe(1);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
          handled.push(command.id);
        }, stop.signal);
        await eventually(() => handled.length >= 3);
        stop.abort();
        await consuming;
        expect(handled).toEqual(['train-1', 'train-2', 'train-3']);
      });

      it('come again when their handler fails', async () => {
        let tries = 0;
        await messaging.commands.send(aTrainCommand(1));
        const consuming = messaging.commands.consume(async () => {
          if (++tries < 3) throw new Error('not yet');
        }, stop.signal);
        await eventually(() => tries === 3);
        stop.abort();
        await consuming;
      });

      it('wait for a consumer', async () => {
        const handled: string[] = [];
        await messaging.commands.send(aTrainCommand(7));
        const consuming = messaging.commands.consume(async ({ id }) => void handled.push(id), stop.signal);
        await eventually(() => handled.length === 1);
        await messaging.commands.send(aTrainCommand(8));
        await eventually(() => handled.length === 2);
        stop.abort();
        await consuming;
      });
    });

    describe('events', () => {
      it('reach the readers of their model only, once each, and those who come back after the one they saw last', async () => {
        for (const id of ['1', '2', '2', '3']) await messaging.events.publish(anEvent(id));
        await messaging.events.publish(anEvent('other', { subject: 'another-model' }));
        const seen: FaceHashEvent[] = [];
        const reading = read(messaging.events.subscribe({ storageId: anEvent().subject, afterId: '1' }, stop.signal), seen);
        await eventually(() => seen.length >= 2);
        await messaging.events.publish(anEvent('4'));
        await eventually(() => seen.length >= 3);
        stop.abort();
        await reading;
        expect(seen.map((e) => e.id)).toEqual(['2', '3', '4']);
      });
    });
  });
}

class Watched<T> {
  readonly changes: KvChange<T>[] = [];
  readonly ended: Promise<void>;

  constructor(watch: AsyncIterable<KvChange<T>>) {
    this.ended = read(watch, this.changes);
  }

  until(accept: (changes: readonly KvChange<T>[]) => boolean): Promise<void> {
    return eventually(() => accept(this.changes));
  }

  summary(): readonly string[] {
    return this.changes.map((c) => (c.kind === 'put' ? c.entry.key : c.kind));
  }
}

async function read<T>(from: AsyncIterable<T>, into: T[]): Promise<void> {
  for await (const item of from) into.push(item);
}

async function eventually(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('it did not come true within 5 s');
}
