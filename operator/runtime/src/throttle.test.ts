import { Throttle, type ThrottleOptions } from './throttle.js';
import { FakeRuntimeClock } from './testing/fake-runtime-clock.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = new AbortController().signal;

function aThrottle(overrides: Partial<ThrottleOptions> = {}) {
  const clock = new FakeRuntimeClock();
  return { clock, throttle: new Throttle({ clock, qps: 10, burst: 5, concurrency: 100, waitingMax: 100, ...overrides }) };
}

describe('the throttle of calls', () => {
  it('lets a burst through at once and the rest at its rate, and a pause makes up for a burst', async () => {
    const { clock, throttle } = aThrottle();
    let done = 0;
    const call = () => throttle.run(async () => (done += 1), never);
    const calls = Array.from({ length: 8 }, call);
    await turn();
    expect(done).toBe(5);
    for (const expected of [6, 7, 8]) {
      clock.advance(100);
      await turn();
      expect(done).toBe(expected);
    }
    await Promise.all(calls);
    clock.advance(60_000);
    await Promise.all(Array.from({ length: 5 }, call));
    expect(done).toBe(13);
  });

  it('never has more under way than it may, and refuses what would wait beyond its bound', async () => {
    const { throttle } = aThrottle({ concurrency: 2, waitingMax: 1 });
    let most = 0;
    let running = 0;
    const gate = Promise.withResolvers<undefined>();
    const task = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await gate.promise;
      running--;
    };
    const accepted = [throttle.run(task, never), throttle.run(task, never), throttle.run(task, never)];
    await expect(throttle.run(task, never)).rejects.toMatchObject({ code: 'throttled' });
    gate.resolve(undefined);
    await Promise.all(accepted);
    expect(most).toBe(2);
  });

  it('lets go of who gives up, in the queue and before the rate', async () => {
    const { clock, throttle } = aThrottle({ concurrency: 1, burst: 1 });
    const gate = Promise.withResolvers<undefined>();
    const first = throttle.run(() => gate.promise, never);
    const impatient = new AbortController();
    const second = throttle.run(async () => 'never', impatient.signal);
    impatient.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    gate.resolve(undefined);
    await first;
    const later = new AbortController();
    const third = throttle.run(async () => 'never', later.signal);
    await turn();
    later.abort(new Error('enough, too'));
    await expect(third).rejects.toThrow('enough, too');
    const fourth = throttle.run(async () => 'in', never);
    clock.advance(1_000);
    expect(await fourth).toBe('in');
  });
});
