import { backoffMs, deadline, hasCode, type Clock, type Logger, type Random } from '@facehash/kernel';
import type { ModelHolder, WatchedDirectory } from '@facehash/recognition';
import type { Readiness } from '../health/readiness.js';

const LOAD_MS = 60_000;
const RETRY = { firstMs: 200, maxMs: 10_000 };

export interface WarmParts {
  readonly directory: Pick<WatchedDirectory, 'untilSynced' | 'byStorageId'>;
  readonly holder: Pick<ModelHolder, 'acquire'>;
  readonly readiness: Pick<Readiness, 'turned'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The one model of a replica that is there for no other: requests may come once what answers is in memory, so that none waits for it. */
export class OwnModel {
  #held: boolean;

  /** `storageId` is left out by a replica that is there for all. */
  constructor(private readonly storageId: string | undefined) {
    this.#held = storageId === undefined;
  }

  get held(): boolean {
    return this.#held;
  }

  /** Loads what answers, and tells of it; again and again until that is done or closed. */
  warm(parts: WarmParts): { close(): Promise<void> } {
    const stop = new AbortController();
    const warming = this.storageId === undefined ? Promise.resolve() : this.#load(this.storageId, parts, stop.signal);
    return {
      close: () => {
        stop.abort();
        return warming;
      },
    };
  }

  async #load(storageId: string, { directory, holder, readiness, clock, random, logger }: WarmParts, signal: AbortSignal): Promise<void> {
    const closed = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    await Promise.race([directory.untilSynced(), closed]);
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        if (directory.byStorageId(storageId)?.active) (await holder.acquire(storageId, deadline(LOAD_MS, signal))).release();
        this.#held = true;
        return readiness.turned();
      } catch (error) {
        if (signal.aborted) return;
        // Withdrawn in the meantime: then nothing is to be loaded.
        if (!hasCode(error, 'MODEL_NOT_READY')) logger.warn('what is to answer could not be loaded yet', { storageId, error });
        await clock.sleep(RETRY.firstMs / 2 + backoffMs(failures, RETRY, random), signal).catch(() => undefined);
      }
    }
  }
}
