import { deadline, FaceHashError, type Clock, type Logger, type Random } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import { takeTerm } from '@facehash/reconciler';

/** How soon a process that begins to lead takes its term. */
const LOOK_MS = 100;
const TAKE_TIMEOUT_MS = 20_000;
/** What a first look waits for the term. After that it meets the store itself, and says so. */
const PATIENCE_MS = 3_000;

export interface FenceParts {
  readonly objects: Pick<ObjectStore, 'read' | 'replace'>;
  readonly leads: () => boolean;
  /** False as soon as this process may not lead any more, noticed or not. */
  readonly holdsLease: () => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * The term that orders what this process publishes after what any controller before it published. It is not the lease's: a Lease that was
 * deleted counts from the beginning, and the loop of one machine, whose place an operator may take, has none.
 */
export class Fence {
  readonly #taken = new AbortController();
  #term: number | undefined;
  #patience: Promise<void> | undefined;

  constructor(private readonly parts: FenceParts) {}

  /** Throws STORE_UNAVAILABLE until it is taken, and SHUTTING_DOWN once this process may not publish any more. */
  readonly term = (): number => {
    if (!this.parts.holdsLease()) throw new FaceHashError('SHUTTING_DOWN', { what: 'the lease is lost' });
    if (this.#term === undefined) throw new FaceHashError('STORE_UNAVAILABLE', { what: 'no term was taken yet' });
    return this.#term;
  };

  /** Resolves once the term is taken; without one, `PATIENCE_MS` after the first call. Else each first look would fail, and wait as if a store were away. */
  async whenTaken(): Promise<void> {
    if (this.#term !== undefined) return;
    this.#patience ??= this.parts.clock.sleep(PATIENCE_MS, this.#taken.signal).catch(() => undefined);
    await this.#patience;
  }

  /** Takes the term once this process leads. Rejects when the store does not answer: then it is called again. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, leads, objects, random, logger } = this.parts;
    while (!leads()) await clock.sleep(LOOK_MS, signal);
    this.#term ??= await takeTerm(objects, { clock, random }, deadline(TAKE_TIMEOUT_MS, signal));
    this.#taken.abort();
    logger.info('what is published here follows all that came before it', { term: this.#term });
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
  }
}
