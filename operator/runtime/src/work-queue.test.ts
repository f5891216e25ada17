import { seededRandom } from '@facehash/kernel';
import fc from 'fast-check';
import { FakeRuntimeClock } from './testing/fake-runtime-clock.js';
import { RecordingMetrics } from './testing/recording-metrics.js';
import { WorkQueue, type Lane, type WorkQueueOptions } from './work-queue.js';

const labels = { name: 'q', controller: 'q' };

function aQueue(overrides: Partial<WorkQueueOptions> = {}) {
  const clock = new FakeRuntimeClock();
  const metrics = new RecordingMetrics();
  const queue = new WorkQueue({ name: 'q', clock, metrics, random: seededRandom(1), ...overrides });
  return { queue, clock, metrics };
}

/** Lets what was resolved run on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Every key that is ready, in its order. */
async function drain(queue: WorkQueue): Promise<readonly (string | undefined)[]> {
  const keys: (string | undefined)[] = [];
  while (queue.depth > 0) {
    const key = await queue.take();
    keys.push(key);
    queue.done(key ?? '');
  }
  return keys;
}

describe('the work queue', () => {
  it('holds a key once, however often it is added', async () => {
    const { queue, metrics } = aQueue();
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
    expect(metrics.read('workqueue_depth', labels)).toBe(2);
    expect(metrics.counted('workqueue_adds_total', labels)).toBe(2);
    expect(await drain(queue)).toEqual(['a', 'b']);
  });

  it('gives a key to one worker at a time, and again afterwards if it was added meanwhile', async () => {
    const { queue } = aQueue();
    queue.add('a');
    expect(await queue.take()).toBe('a');
    let second: string | undefined;
    void queue.take().then((key) => (second = key));
    queue.add('a');
    await turn();
    expect(second).toBeUndefined();
    queue.done('a');
    await turn();
    expect(second).toBe('a');
  });

  it('gives fresh keys out first, and a resync not never', async () => {
    const { queue } = aQueue();
    for (let i = 0; i < 5; i++) queue.add(`r${i}`, 'resync');
    for (let i = 0; i < 18; i++) queue.add(`f${i}`);
    const keys = await drain(queue);
    expect(keys.slice(0, 9)).toEqual(Array.from({ length: 9 }, (_, i) => `f${i}`));
    expect([keys[9], keys[19]]).toEqual(['r0', 'r1']);
    expect(keys).toHaveLength(23);
  });

  it('moves a key ahead that waits for a resync when somebody edits it', async () => {
    const { queue } = aQueue();
    for (const key of ['a', 'b', 'c']) queue.add(key, 'resync');
    queue.add('c');
    expect(await drain(queue)).toEqual(['c', 'a', 'b']);
  });

  it('gives out later what is due later, at the earlier of two times, and wakes for it by itself', async () => {
    const { queue, clock } = aQueue();
    queue.addAfter('late', 1000);
    queue.addAfter('late', 500);
    queue.addAfter('never mind', 100);
    queue.add('never mind');
    expect(await drain(queue)).toEqual(['never mind']);
    const taken = queue.take();
    clock.advance(499);
    await turn();
    expect(queue.depth).toBe(0);
    clock.advance(1);
    expect(await taken).toBe('late');
    expect(queue.delayed).toBe(0);
  });

  it('is not misled by a wall clock that somebody sets', async () => {
    const { queue, clock, metrics } = aQueue();
    queue.addAfter('a', 1000);
    clock.setWallClock(-3_600_000);
    clock.advance(1000);
    expect(await queue.take()).toBe('a');
    clock.setWallClock(7_200_000);
    clock.advance(250);
    queue.done('a');
    expect(metrics.observed('workqueue_work_duration_seconds', labels)).toEqual([0.25]);
  });

  it('sleeps through a wait that no timer of Node can hold', async () => {
    const { queue, clock } = aQueue();
    queue.addAfter('next month', 30 * 24 * 3_600_000);
    const taken = queue.take();
    let ms = 0;
    for (; ms < 30 * 24 * 3_600_000; ms += 3_600_000) {
      expect(queue.depth).toBe(0);
      clock.advance(3_600_000);
      await turn();
    }
    expect(await taken).toBe('next month');
  });

  it('retries after pauses that double from 5 ms to 1000 s, and begins anew once it went well', async () => {
    const top = { next: () => 0.999999, bytes: () => new Uint8Array() };
    const { queue, clock, metrics } = aQueue({ random: top });
    const pauses: number[] = [];
    for (let i = 0; i < 20; i++) {
      queue.retry('a');
      let ms = 0;
      for (; queue.depth === 0; ms += 5) {
        clock.advance(i < 8 ? 5 : 5 * 2 ** (i - 8));
        await turn();
      }
      pauses.push((ms / 5) * (i < 8 ? 5 : 5 * 2 ** (i - 8)));
      await drain(queue);
    }
    expect(pauses.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(1_000_000);
    expect(pauses.at(-1)).toBeLessThan(1_100_000);
    expect(queue.failures('a')).toBe(20);
    expect(metrics.counted('workqueue_retries_total', labels)).toBe(20);
    queue.forget('a');
    expect(queue.failures('a')).toBe(0);
  });

  it('refuses keys beyond its bound and counts them; what it holds may still be added', async () => {
    const { queue, metrics } = aQueue({ keysMax: 3 });
    expect([queue.add('a'), queue.addAfter('b', 10), queue.add('c'), queue.add('d'), queue.addAfter('d', 10)]).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect([queue.add('a'), queue.add('b'), queue.addAfter('c', 5)]).toEqual([true, true, true]);
    expect(metrics.counted('workqueue_refused_total', labels)).toBe(2);
  });

  it('lets every worker go when it closes, and leaves no timer and no gauge behind', async () => {
    const { queue, clock, metrics } = aQueue();
    queue.addAfter('a', 1000);
    const waiting = [queue.take(), queue.take()];
    queue.close();
    expect(await Promise.all([...waiting, queue.take()])).toEqual([undefined, undefined, undefined]);
    expect(clock.sleeping).toBe(0);
    expect(queue.add('b')).toBe(false);
    expect(metrics.read('workqueue_depth', labels)).toBeUndefined();
  });

  it('says how old the work under way is', async () => {
    const { queue, clock, metrics } = aQueue();
    queue.add('a');
    await queue.take();
    clock.advance(3000);
    queue.add('b');
    await queue.take();
    clock.advance(1000);
    expect(metrics.read('workqueue_unfinished_work_seconds', labels)).toBe(5);
    expect(metrics.read('workqueue_longest_running_processor_seconds', labels)).toBe(4);
  });

  it('loses no key and shows none to two workers, whatever comes in whatever order', async () => {
    const step = fc.record({
      what: fc.constantFrom('add' as const, 'later' as const, 'take' as const, 'done' as const, 'tick' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      lane: fc.constantFrom('fresh' as const, 'resync' as const),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const { queue, clock } = aQueue();
        const wanted = new Set<string>();
        const working = new Set<string>();
        const act = {
          add: (key: string, lane: Lane) => queue.add(key, lane) && wanted.add(key),
          later: (key: string, lane: Lane) => queue.addAfter(key, 10, lane) && wanted.add(key),
          done: (key: string) => {
            if (working.delete(key)) queue.done(key);
          },
          take: async () => {
            const key = queue.depth === 0 ? undefined : await queue.take();
            if (key === undefined) return;
            expect(working.has(key)).toBe(false);
            working.add(key);
            wanted.delete(key);
          },
          tick: async () => {
            clock.advance(10);
            await turn();
          },
        };
        for (const { what, key, lane } of steps) await act[what](key, lane);
        await act.tick();
        for (let left = 100; left > 0 && working.size + queue.depth > 0; left--) {
          for (const key of working) act.done(key);
          await act.take();
        }
        expect(wanted).toEqual(new Set());
      }),
      { numRuns: 200 },
    );
  });
});
