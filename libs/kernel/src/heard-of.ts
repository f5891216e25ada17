import type { Clock } from './clock.js';

/** Whom this process has heard of within a time, by its own timers: no clock of another machine, nor one that is set, has a say. */
export class HeardOf {
  readonly #silences = new Map<string, AbortController>();

  constructor(
    private readonly clock: Pick<Clock, 'sleep'>,
    private readonly goneAfterMs: number,
  ) {}

  /** Once the signal aborts nobody listens, and nobody counts as heard of. */
  heard(id: string, signal: AbortSignal): void {
    this.forget(id);
    const silence = new AbortController();
    this.#silences.set(id, silence);
    const gone = (): void => {
      if (this.#silences.get(id) === silence) this.#silences.delete(id);
    };
    this.clock.sleep(this.goneAfterMs, AbortSignal.any([signal, silence.signal])).then(gone, gone);
  }

  forget(id: string): void {
    const silence = this.#silences.get(id);
    this.#silences.delete(id);
    silence?.abort();
  }

  has(id: string): boolean {
    return this.#silences.has(id);
  }
}
