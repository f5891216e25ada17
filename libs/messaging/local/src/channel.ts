/** Hands values from who pushes to one who iterates. `merge` keeps what waits bounded: it may drop or replace waiting values. */
export class Channel<T> {
  #waiting: T[] = [];
  #wake: (() => void) | undefined;

  constructor(
    private readonly signal: AbortSignal,
    private readonly merge: (waiting: T[], value: T) => T[],
  ) {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  push(value: T): void {
    if (this.signal.aborted) return;
    this.#waiting = this.merge(this.#waiting, value);
    this.#wake?.();
  }

  /** Ends when the signal aborts. */
  async *values(): AsyncIterable<T> {
    while (!this.signal.aborted) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        yield next;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
