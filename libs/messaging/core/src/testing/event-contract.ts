import type { EventStream } from '../ports.js';
import type { FaceHashEvent } from '../schemas.js';
import { anEvent } from './builders.js';
import type { Opened } from './contract.js';
import { Reading } from './reading.js';

const storageId = anEvent().subject;
const ids = (events: readonly FaceHashEvent[]): string[] => events.map((event) => event.id);

export function describeEventContract(opened: () => Opened): void {
  describe('events', () => {
    let events: EventStream;
    let stop: AbortController;
    beforeEach(() => {
      ({ events } = opened().messaging);
      ({ stop } = opened());
    });

    const subscribe = (afterId?: string, signal = stop.signal): Reading<FaceHashEvent> =>
      new Reading(events.subscribe({ storageId, ...(afterId !== undefined && { afterId }) }, signal));

    it('reach those who come back after the one they saw last, then those that are new, each once', async () => {
      for (const id of ['1', '2', '2', '3']) await events.publish(anEvent(id));
      const seen = subscribe('1');
      await seen.until((e) => e.length >= 2);
      for (const id of ['3', '4']) await events.publish(anEvent(id, { data: { nested: { list: [1, null] } } }));
      await seen.until((e) => e.length >= 3);
      stop.abort();
      await seen.ended;
      expect(seen.items).toEqual([anEvent('2'), anEvent('3'), anEvent('4', { data: { nested: { list: [1, null] } } })]);
    });

    it('reach only the readers of their model', async () => {
      await events.publish(anEvent('mine'));
      await events.publish(anEvent('other', { subject: 'another-model' }));
      const mine = subscribe('from the beginning');
      const other = new Reading(events.subscribe({ storageId: 'another-model', afterId: 'mine' }, stop.signal));
      await Promise.all([mine.until((e) => e.length > 0), other.until((e) => e.length > 0)]);
      await events.publish(anEvent('last'));
      await mine.until((e) => e.length > 1);
      expect([ids(mine.items), ids(other.items)]).toEqual([['mine', 'last'], ['other']]);
    });

    it('are all that is held, for those who come back after one that is not', async () => {
      for (const id of ['1', '2']) await events.publish(anEvent(id));
      const seen = subscribe('forgotten');
      await seen.until((e) => e.length >= 2);
      expect(ids(seen.items)).toEqual(['1', '2']);
    });

    it('are held when they are of the model and were published', async () => {
      await events.publish(anEvent('1'));
      const asked = [
        { storageId, id: '1' },
        { storageId, id: '2' },
        { storageId: 'another-model', id: '1' },
      ];
      expect(await Promise.all(asked.map((event) => events.holds(event)))).toEqual([true, false, false]);
      const enough = new Error('enough');
      await expect(events.holds({ storageId, id: '1' }, AbortSignal.abort(enough))).rejects.toBe(enough);
      await opened().messaging.close();
      await expect(events.holds({ storageId, id: '1' })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });

    it('are only the new ones for who names none', async () => {
      await events.publish(anEvent('before'));
      const seen = subscribe();
      // When the subscription has begun can only be seen by what arrives.
      let sent = 0;
      while (seen.items.length === 0 && sent < 1000) {
        await events.publish(anEvent(`after-${sent++}`));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      expect(seen.items.length).toBeGreaterThan(0);
      expect(ids(seen.items)).not.toContain('before');
    });

    it('reach all who wait for them', async () => {
      await events.publish(anEvent('1'));
      const readers = [subscribe('from the beginning'), subscribe('from the beginning'), subscribe('from the beginning')];
      for (const reader of readers) await reader.until((e) => e.length === 1);
      await events.publish(anEvent('2'));
      for (const reader of readers) await reader.until((e) => e.length === 2);
    });

    it('reach a quick reader and a slow one in order', async () => {
      const [quick, slow] = [subscribe('from the beginning'), [] as string[]];
      const reading = (async () => {
        for await (const { id } of events.subscribe({ storageId, afterId: 'from the beginning' }, stop.signal)) {
          await new Promise((resolve) => setImmediate(resolve));
          slow.push(id);
          if (slow.length === 50) break;
        }
      })();
      const all = Array.from({ length: 50 }, (_, i) => String(i));
      for (const id of all) await events.publish(anEvent(id));
      await quick.until((e) => e.length >= 50);
      await reading;
      expect([ids(quick.items), slow]).toEqual([all, all]);
    });

    it('are refused when they are none, or come with a signal that has aborted', async () => {
      await expect(events.publish({ ...anEvent(), type: 'party' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      await expect(events.publish({ ...anEvent(), specversion: '2.0' } as never)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      const enough = new Error('enough');
      await expect(events.publish(anEvent('late'), AbortSignal.abort(enough))).rejects.toBe(enough);
      await events.publish(anEvent('right'));
      const seen = subscribe('from the beginning');
      await seen.until((e) => e.length > 0);
      expect(ids(seen.items)).toEqual(['right']);
    });

    it('end without an error when their signal aborts, or the messaging closes', async () => {
      const own = new AbortController();
      await events.publish(anEvent('1'));
      const [ending, going] = [subscribe('from the beginning', own.signal), subscribe('from the beginning')];
      await Promise.all([ending.until((e) => e.length > 0), going.until((e) => e.length > 0)]);
      own.abort(new Error('enough'));
      await ending.ended;
      await events.publish(anEvent('2'));
      await going.until((e) => e.length > 1);
      await opened().messaging.close();
      await going.ended;
      expect(ids(ending.items)).toEqual(['1']);
      await expect(events.publish(anEvent('3'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });
  });
}
