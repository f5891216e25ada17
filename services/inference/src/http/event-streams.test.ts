import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { systemClock } from '@facehash/kernel';
import { FakeClock } from '@facehash/kernel/testing';
import type { Messaging } from '@facehash/messaging-core';
import { aModelState, anEvent } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { EventStreams } from './event-streams.js';

const { signal: never } = new AbortController();
const model = aModelState();

describe('a stream of events', () => {
  let clock: FakeClock;
  let messaging: Messaging;
  let draining: AbortController;
  let streams: EventStreams;
  let gone: AbortController;
  beforeEach(() => {
    clock = new FakeClock();
    messaging = openLocalMessaging({ clock: systemClock, limits: { eventsKept: 5 } });
    draining = new AbortController();
    gone = new AbortController();
    const limits = { eventStreamsMax: 3, eventStreamsPerModelMax: 2, requestTimeoutMs: 5000 };
    streams = new EventStreams({ events: messaging.events, limits, clock, draining: draining.signal });
  });
  afterEach(async () => {
    gone.abort();
    await messaging.close();
  });

  const open = (lastEventId?: string, { storageId = model.storageId, keyStillValid = (): boolean => true } = {}) =>
    streams.open({
      model: { ...model, storageId },
      header: (name) => (name === 'last-event-id' ? lastEventId : undefined),
      gone: gone.signal,
      within: () => never,
      keyStillValid,
    });

  /** What has come, as soon as it holds `needle`. */
  const read = async (stream: Readable, needle: string): Promise<string> => {
    let text = '';
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      text += String(chunk);
      if (text.includes(needle)) return text;
    }
    throw new Error(`ended with ${text}`);
  };

  it('begins at once and carries what is published from then on, with ids', async () => {
    await messaging.events.publish(anEvent('before'));
    const stream = await open();
    await messaging.events.publish(anEvent('a/1 ü'));
    const text = await read(stream, '"a/1 ü"');
    expect(text).toContain('retry: 2000\n');
    expect(text).toContain(`id: a%2F1%20%C3%BC\nevent: dev.facehash.version.promoted\ndata: ${JSON.stringify(anEvent('a/1 ü'))}\n\n`);
    expect(text).not.toContain('before');
  });

  it('resumes after the last event that was seen', async () => {
    for (const id of ['a/1', 'a/2', 'a/3']) await messaging.events.publish(anEvent(id));
    const text = await read(await open('a%2F1'), '"a/3"');
    expect(text).not.toContain('"a/1"');
    expect(text).toContain('"a/2"');
    expect(text).not.toContain('event: reset');
  });

  it.each(['never-was', '%', 'x'.repeat(2000)])('says that events were missed when the last one is not held: %#', async (id) => {
    await messaging.events.publish(anEvent('old'));
    const stream = await open(id);
    await messaging.events.publish(anEvent('new'));
    const text = await read(stream, '"new"');
    expect(text).toContain('event: reset\ndata: {"reason":"events after the last one seen are forgotten","read":"/v1/model"}\n\n');
    expect(text).not.toContain('"old"');
  });

  it('shows that it lives, every quarter of a minute', async () => {
    const stream = await open();
    await read(stream, 'retry');
    await untilAsleep(clock);
    clock.advance(15_000);
    expect(await read(stream, 'still here')).toContain(': still here\n\n');
  });

  it('ends when the replica stops, so that the client goes elsewhere', async () => {
    const stream = await open();
    await read(stream, 'retry');
    draining.abort();
    for await (const _ of stream) throw new Error('more came');
    expect(stream.readableEnded).toBe(true);
  });

  it('ends when the key is no longer that of the model', async () => {
    let valid = true;
    const stream = await open(undefined, { keyStillValid: () => valid });
    await read(stream, 'retry');
    valid = false;
    await messaging.events.publish(anEvent('secret'));
    for await (const chunk of stream) throw new Error(`more came: ${String(chunk)}`);
  });

  it('is bounded in number, by model and in all, and gives its place back when it ends', async () => {
    const [first] = [await open(), await open()];
    await expect(open()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await open(undefined, { storageId: 'another' });
    await expect(open(undefined, { storageId: 'a-third' })).rejects.toMatchObject({ code: 'OVERLOADED' });
    first?.destroy();
    if (first) await once(first, 'close');
    await open();
    gone.abort();
    gone = new AbortController();
    await new Promise((resolve) => setImmediate(resolve));
    expect([await open(), await open()]).toHaveLength(2);
  });

  it('gives its place back when it cannot begin', async () => {
    await messaging.close();
    for (let i = 0; i < 5; i++) await expect(open('a/1')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('is dropped when its client reads nothing, and holds little until then', async () => {
    const stream = await open();
    stream.on('error', () => undefined);
    stream.read(0);
    const data = { text: 'x'.repeat(20_000) };
    for (let i = 0; i < 50; i++) {
      await messaging.events.publish(anEvent(`e${i}`, { data }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(stream.readableLength).toBeLessThan(200_000);
    await untilAsleep(clock);
    const closed = once(stream, 'close');
    clock.advance(30_000);
    await closed;
    expect([await open(), await open()]).toHaveLength(2);
  });
});

async function untilAsleep(clock: FakeClock): Promise<void> {
  while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
}
