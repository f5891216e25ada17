import { ApiError } from './api-error.js';
import type { RuntimeClock } from './runtime-clock.js';

/** A watch from which nothing was heard for too long: its connection may lead nowhere, which TCP would notice in a quarter of an hour. */
export class WatchStalled extends ApiError {
  constructor(silentMs: number) {
    super('unavailable', `nothing was heard of the watch for ${silentMs} ms`);
  }
}

/** Ends a watch that has fallen silent, and one whose time for a resync has come. */
export class Watchdog {
  readonly #end = new AbortController();
  readonly #over = new AbortController();
  #heardAtMs: number;
  #resyncDue = false;

  constructor(
    private readonly clock: RuntimeClock,
    private readonly limits: { readonly stallMs: number; readonly endAtMs: number },
  ) {
    this.#heardAtMs = clock.monotonicMs();
  }

  /** Aborts when the watch has to end. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  get resyncDue(): boolean {
    return this.#resyncDue;
  }

  heard(): void {
    this.#heardAtMs = this.clock.monotonicMs();
  }

  stop(): void {
    this.#over.abort();
  }

  /** Until it has ended the watch, or is stopped. */
  async run(): Promise<void> {
    const { stallMs, endAtMs } = this.limits;
    while (!this.#over.signal.aborted) {
      const now = this.clock.monotonicMs();
      const stalledAtMs = this.#heardAtMs + stallMs;
      if (now >= endAtMs) {
        this.#resyncDue = true;
        return this.#end.abort(new Error('a resync is due'));
      }
      if (now >= stalledAtMs) return this.#end.abort(new WatchStalled(stallMs));
      await this.clock.sleep(Math.min(stalledAtMs, endAtMs) - now, this.#over.signal).catch(() => undefined);
    }
  }
}
