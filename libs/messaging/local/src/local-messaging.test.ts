import { systemClock, type Random } from '@facehash/kernel';
import { FakeClock } from '@facehash/kernel/testing';
import type { KvChange, Messaging, ModelState } from '@facehash/messaging-core';
import { aModelState, anEvent, aTrainCommand, describeMessagingContract } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from './local-messaging.js';

describeMessagingContract('in the process', async () => openLocalMessaging({ clock: systemClock }));

/** Makes every pause as long as it may be. */
const longest: Random = { next: () => 1, bytes: (length) => new Uint8Array(length) };
/** Lets everything run that does not wait for the clock. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a watcher that falls behind', () => {
  it('finds the newest value of each key, in a line no longer than there are keys', async () => {
    const messaging = openLocalMessaging({ clock: systemClock });
    const stop = new AbortController();
    const watch = messaging.models.watch(stop.signal)[Symbol.asyncIterator]();
    await watch.next();
    const revisions = new Map<string, number>();
    for (let i = 0; i < 1000; i++) {
      const key = i % 2 ? 'odd' : 'even';
      revisions.set(key, (await messaging.models.put(key, aModelState({ name: `n${i}` }), revisions.get(key) ?? null)) ?? 0);
    }
    await messaging.models.delete('even');
    const seen: KvChange<ModelState>[] = [];
    for (let i = 0; i < 2; i++) {
      const { value, done } = await watch.next();
      if (done !== true) seen.push(value);
    }
    expect(seen).toMatchObject([
      { kind: 'delete', key: 'even' },
      { kind: 'put', entry: { key: 'odd', value: { name: 'n999' } } },
    ]);
    const more = watch.next();
    await messaging.close();
    expect(await more).toEqual({ done: true, value: undefined });
  });

  it('is told what was there before it is told that this was all, also when it changed meanwhile', async () => {
    const messaging = openLocalMessaging({ clock: systemClock });
    const first = await messaging.models.put('a', aModelState({ name: 'first' }), null);
    await messaging.models.put('b', aModelState(), null);
    const watch = messaging.models.watch(new AbortController().signal)[Symbol.asyncIterator]();
    await watch.next();
    await messaging.models.put('a', aModelState({ name: 'second' }), first ?? null);
    await messaging.models.delete('b');
    const changes = [await watch.next(), await watch.next(), await watch.next()];
    expect(changes).toMatchObject([{ value: { kind: 'delete' } }, { value: { kind: 'synced' } }, { value: { kind: 'put' } }]);
    await messaging.close();
  });
});

describe('a value that several read', () => {
  it('cannot be changed by one of them', async () => {
    const messaging = openLocalMessaging({ clock: systemClock });
    await messaging.models.put('m', aModelState(), null);
    const value = (await messaging.models.get('m'))?.value;
    expect(() => value?.apiKeyHashes.push('mine')).toThrow('not extensible');
    expect((await messaging.models.get('m'))?.value).toEqual(aModelState());
    await messaging.close();
  });
});

describe('the stream of events', () => {
  it('keeps the newest and forgets the oldest, also for a reader who has not come to them', async () => {
    const messaging = openLocalMessaging({ clock: systemClock, limits: { eventsKept: 3 } });
    const events = messaging.events.subscribe({ storageId: anEvent().subject, afterId: 'none' }, new AbortController().signal);
    const reader = events[Symbol.asyncIterator]();
    await messaging.events.publish(anEvent('0'));
    expect(await reader.next()).toMatchObject({ value: { id: '0' } });
    for (const id of ['1', '2', '3', '4', '5']) await messaging.events.publish(anEvent(id));
    const seen = [await reader.next(), await reader.next(), await reader.next()];
    expect(seen).toMatchObject([{ value: { id: '3' } }, { value: { id: '4' } }, { value: { id: '5' } }]);
    await messaging.events.publish(anEvent('1'));
    expect(await reader.next()).toMatchObject({ value: { id: '1' } });
    await messaging.close();
  });
});

describe('the queue of commands', () => {
  let clock: FakeClock;
  let messaging: Messaging;
  let given: string[];
  const open = (limits = {}): void => {
    messaging = openLocalMessaging({ clock, random: longest, limits });
  };
  const consume = (handle: (id: string) => Promise<void>): void => {
    void messaging.commands.consume(async ({ id }) => {
      given.push(id);
      await handle(id);
    }, new AbortController().signal);
  };
  beforeEach(() => {
    clock = new FakeClock();
    given = [];
    open();
  });
  afterEach(() => messaging.close());
  const refuse = (): Promise<void> => Promise.reject(new Error('no'));

  it('lets a command come again after pauses that double up to a bound', async () => {
    open({ redelivery: { firstMs: 100, maxMs: 350 } });
    consume(refuse);
    await messaging.commands.send(aTrainCommand(1));
    await settled();
    for (const [i, pauseMs] of [100, 200, 350, 350].entries()) {
      clock.advance(pauseMs - 1);
      await settled();
      expect(given).toHaveLength(i + 1);
      clock.advance(1);
      await settled();
      expect(given).toHaveLength(i + 2);
    }
  });

  it('spreads those pauses by chance', async () => {
    messaging = openLocalMessaging({
      clock,
      random: { ...longest, next: () => 0.5 },
      limits: { redelivery: { firstMs: 100, maxMs: 350 } },
    });
    consume(refuse);
    await messaging.commands.send(aTrainCommand(1));
    await settled();
    clock.advance(50);
    await settled();
    expect(given).toHaveLength(2);
  });

  it('hands over others while one waits to come again', async () => {
    consume((id) => (id === 'train-1' ? refuse() : Promise.resolve()));
    for (const snapshot of [1, 2]) await messaging.commands.send(aTrainCommand(snapshot));
    await settled();
    await messaging.commands.send(aTrainCommand(3));
    await settled();
    expect(given).toEqual(['train-1', 'train-2', 'train-3']);
  });

  it('takes an id again once the window has passed', async () => {
    open({ duplicateWindowMs: 1000 });
    consume(async () => undefined);
    await messaging.commands.send(aTrainCommand(1));
    clock.advance(1000);
    await messaging.commands.send(aTrainCommand(1));
    await settled();
    expect(given).toEqual(['train-1']);
    clock.advance(1);
    await messaging.commands.send(aTrainCommand(1));
    await settled();
    expect(given).toEqual(['train-1', 'train-1']);
  });

  it('remembers no more ids than it may', async () => {
    open({ commandIdsRemembered: 2 });
    consume(async () => undefined);
    for (const snapshot of [1, 2, 3, 3, 2, 1]) await messaging.commands.send(aTrainCommand(snapshot));
    await settled();
    expect(given).toEqual(['train-1', 'train-2', 'train-3', 'train-1']);
  });

  it('refuses what it has no room for, and takes it when there is room again', async () => {
    open({ commandsWaiting: 2 });
    for (const snapshot of [1, 2]) await messaging.commands.send(aTrainCommand(snapshot));
    await expect(messaging.commands.send(aTrainCommand(3))).rejects.toMatchObject({ code: 'OVERLOADED' });
    consume(async () => undefined);
    await settled();
    await messaging.commands.send(aTrainCommand(3));
    await settled();
    expect(given).toEqual(['train-1', 'train-2', 'train-3']);
  });

  it('sleeps once, whatever comes meanwhile, and not at all when it is closed', async () => {
    consume((id) => (id === 'train-1' ? refuse() : Promise.resolve()));
    for (const snapshot of [1, 2, 3, 4]) {
      await messaging.commands.send(aTrainCommand(snapshot));
      await settled();
    }
    expect(clock.sleeping).toBe(1);
    await messaging.close();
    await settled();
    expect(clock.sleeping).toBe(0);
  });
});
