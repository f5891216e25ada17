import { seededRandom, silentLogger } from '@facehash/kernel';
import { RecordingLogger } from '@facehash/kernel/testing';
import { ApiError } from './api-error.js';
import { Controller, type ControllerOptions } from './controller.js';
import { settled, terminal, waiting } from './outcome.js';
import { FakeRuntimeClock } from './testing/fake-runtime-clock.js';
import { RecordingMetrics } from './testing/recording-metrics.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A controller that runs, until the test ends. */
class Running implements AsyncDisposable {
  readonly clock = new FakeRuntimeClock();
  readonly metrics = new RecordingMetrics();
  readonly logger = new RecordingLogger();
  readonly looks: string[] = [];
  readonly controller: Controller;
  readonly stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(reconcile: ControllerOptions['reconcile'], overrides: Partial<ControllerOptions> = {}) {
    const noted: ControllerOptions['reconcile'] = (key, signal) => {
      this.looks.push(key);
      return reconcile(key, signal);
    };
    const { clock, metrics, logger } = this;
    this.controller = new Controller({ name: 'c', reconcile: noted, clock, metrics, logger, random: seededRandom(1), ...overrides });
    this.#ended = this.controller.run(this.stop.signal);
  }

  async look(...keys: readonly string[]): Promise<void> {
    for (const key of keys) this.controller.queue.add(key);
    await turn();
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await turn();
  }

  counted(result: string): number {
    return this.metrics.counted('controller_runtime_reconcile_total', { controller: 'c', result });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort(new Error('stop'));
    this.controller.queue.close();
    await this.#ended;
  }
}

describe('a controller', () => {
  it('looks once at what is settled, and again when it waits for something', async () => {
    let outcomes = 0;
    await using running = new Running(async () => (outcomes++ === 0 ? waiting(5_000, 'a pod starts') : settled));
    await running.look('a');
    await running.pass(4_999);
    expect(running.looks).toEqual(['a']);
    await running.pass(1);
    expect(running.looks).toEqual(['a', 'a']);
    await running.pass(3_600_000);
    expect(running.looks).toEqual(['a', 'a']);
    expect([running.counted('requeue_after'), running.counted('success'), running.counted('error')]).toEqual([1, 1, 0]);
  });

  it('looks again and again, ever more slowly, at what throws', async () => {
    await using running = new Running(async () => {
      throw new Error('could not find out');
    });
    await running.look('a');
    for (let i = 0; i < 200; i++) await running.pass(1_000);
    expect(running.looks.length).toBeGreaterThan(8);
    expect(running.looks.length).toBeLessThan(25);
    expect(running.counted('error')).toBe(running.looks.length);
    expect(running.logger.lines.filter(({ level }) => level === 'error')).toHaveLength(running.looks.length);
  });

  it('does not look again at what no retry would help, until something changes', async () => {
    await using running = new Running(async () => terminal('the spec says nonsense'));
    await running.look('a');
    await running.pass(3_600_000);
    expect(running.looks).toEqual(['a']);
    expect(running.metrics.counted('controller_runtime_terminal_reconcile_errors_total', { controller: 'c' })).toBe(1);
    await running.look('a');
    expect(running.looks).toEqual(['a', 'a']);
  });

  it('waits as long as the server asks, and makes no noise about a conflict', async () => {
    const errors = [new ApiError('throttled', 'later', { retryAfterMs: 60_000 }), new ApiError('conflict', 'somebody was faster')];
    await using running = new Running(async () => {
      const error = errors.shift();
      if (error !== undefined) throw error;
      return settled;
    });
    await running.look('a');
    await running.pass(59_999);
    expect(running.looks).toHaveLength(1);
    await running.pass(1);
    await running.pass(100);
    expect(running.looks).toHaveLength(3);
    expect(running.logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('survives a reconcile that throws before it has begun, and throws what is no error', async () => {
    await using running = new Running((key) => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      if (key === 'bad') throw 'a string';
      return Promise.resolve(settled);
    });
    await running.look('bad', 'good');
    expect([running.counted('error'), running.counted('success')]).toEqual([1, 1]);
  });

  it('works on as many keys at once as it has workers, and on each by one worker', async () => {
    const gates: (() => void)[] = [];
    await using running = new Running(() => new Promise((resolve) => gates.push(() => resolve(settled))), { workers: 3 });
    await running.look('a', 'b', 'c', 'd', 'a');
    expect(running.looks).toEqual(['a', 'b', 'c']);
    expect(running.metrics.read('controller_runtime_active_workers', { controller: 'c' })).toBe(3);
    while (gates.length > 0) {
      for (const open of gates.splice(0)) open();
      await turn();
    }
    expect(running.looks).toEqual(['a', 'b', 'c', 'd', 'a']);
  });

  it('ends a look at its deadline, tries again, and says where it is stuck if that does not help', async () => {
    const stubborn = Promise.withResolvers<typeof settled>();
    const reasons: unknown[] = [];
    await using running = new Running(
      (key, signal) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        return key === 'deaf'
          ? stubborn.promise
          : new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
      { deadlineMs: 1_000, workers: 2 },
    );
    await running.look('hears', 'deaf');
    await running.pass(1_000);
    expect(reasons).toMatchObject([{ code: 'DEADLINE_EXCEEDED' }, { code: 'DEADLINE_EXCEEDED' }]);
    expect([running.counted('error'), running.controller.stuck]).toEqual([1, undefined]);
    await running.pass(30_001);
    expect(running.controller.stuck).toBe('deaf');
    stubborn.resolve(settled);
  });

  it('begins nothing once it was told to end, and breaks off what is under way', async () => {
    let aborted = false;
    await using running = new Running(
      (_key, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(signal.reason);
          }),
        ),
      { workers: 1, logger: silentLogger },
    );
    await running.look('a', 'b');
    running.stop.abort(new Error('the lease is lost'));
    await turn();
    expect([aborted, running.looks, running.counted('error')]).toEqual([true, ['a'], 0]);
  });
});
