import type { Counted } from './photo-intake.js';

/** The photos of one call that are worked on: at most `limit` at once. The first failure stops the others. */
export class PhotosInFlight {
  readonly #limit: number;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #done: Counted[] = [];
  #failure: { readonly reason: unknown } | undefined;

  constructor(limit: number, signal?: AbortSignal) {
    this.#limit = limit;
    this.#signal = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Resolves when there is a place for the next one. */
  async add(work: (signal: AbortSignal) => Promise<Counted>): Promise<void> {
    const one: Promise<void> = work(this.#signal)
      .then((counted) => void this.#done.push(counted))
      .catch((reason: unknown) => {
        this.#failure ??= { reason };
        this.#stop.abort(reason);
      })
      .finally(() => this.#inFlight.delete(one));
    this.#inFlight.add(one);
    if (this.#inFlight.size >= this.#limit) await Promise.race(this.#inFlight);
  }

  /** Rejects with the first failure, when none is at work any more. */
  async results(): Promise<readonly Counted[]> {
    await Promise.all(this.#inFlight);
    if (this.#failure) throw this.#failure.reason;
    return this.#done;
  }

  /** Resolves when none is at work any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#inFlight);
  }
}
