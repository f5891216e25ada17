import { backoffMs, type Clock, type Random } from '@facehash/kernel';

const RETRY = { firstMs: 50, maxMs: 30_000 };

/** Keys to look at, each at most once at a time; a key that failed comes back after a growing, jittered pause. */
export class WorkQueue {
  readonly #due: Set<string> = new Set();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, AbortController>();
  #wake: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  add(key: string): void {
    this.#due.add(key);
    this.#wake?.();
  }

  /** Adds the key once the pause is over, instead of an earlier wish for the same key. A pause that is cut short adds nothing. */
  addAfter(key: string, ms: number): void {
    this.#timers.get(key)?.abort();
    const timer = new AbortController();
    this.#timers.set(key, timer);
    this.clock.sleep(ms, AbortSignal.any([timer.signal, this.signal])).then(
      () => {
        this.#timers.delete(key);
        this.add(key);
      },
      () => undefined,
    );
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  failed(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, backoffMs(failures, RETRY, this.random) + RETRY.firstMs);
  }

  /** The next key, undefined once the signal has aborted. */
  async next(): Promise<string | undefined> {
    while (!this.signal.aborted) {
      const [key] = this.#due;
      if (key !== undefined) {
        this.#due.delete(key);
        return key;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    return undefined;
  }
}
