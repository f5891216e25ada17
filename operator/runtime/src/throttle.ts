import { ApiError } from './api-error.js';
import type { RuntimeClock } from './runtime-clock.js';

export interface ThrottleOptions {
  readonly clock: RuntimeClock;
  /** Calls a second, on average. */
  readonly qps: number;
  /** Calls at once after a pause. */
  readonly burst: number;
  /** Calls that are under way at once. */
  readonly concurrency: number;
  /** Calls that wait for one of these; one more is refused. */
  readonly waitingMax: number;
}

/** Keeps an operator that has ten thousand things to do from being the API server's only client. First come, first served. */
export class Throttle {
  #running = 0;
  /** When the bucket would be full: each call moves it on (the generic cell rate algorithm, ITU-T I.371). */
  #fullAtMs = 0;
  readonly #waiting = new Set<() => void>();

  constructor(private readonly options: ThrottleOptions) {}

  /** Rejects with the signal's reason while it waits, and with `throttled` when too many wait already. */
  async run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#slot(signal);
    try {
      await this.#token(signal);
      return await task();
    } finally {
      this.#running--;
      this.#next();
    }
  }

  #slot(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running < this.options.concurrency) {
      this.#running++;
      return Promise.resolve();
    }
    if (this.#waiting.size >= this.options.waitingMax) {
      return Promise.reject(new ApiError('throttled', `${this.#waiting.size} calls wait for the API server already`));
    }
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        this.#running++;
        resolve();
      };
      const leave = (): void => {
        this.#waiting.delete(enter);
        reject(signal.reason);
      };
      this.#waiting.add(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #next(): void {
    for (const enter of this.#waiting) {
      this.#waiting.delete(enter);
      return enter();
    }
  }

  async #token(signal: AbortSignal): Promise<void> {
    const { clock, qps, burst } = this.options;
    const [now, everyMs] = [clock.monotonicMs(), 1000 / qps];
    this.#fullAtMs = Math.max(this.#fullAtMs, now) + everyMs;
    const waitMs = this.#fullAtMs - now - burst * everyMs;
    if (waitMs > 0) await clock.sleep(waitMs, signal);
  }
}
