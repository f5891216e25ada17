import { modelEraser } from '@facehash/enrolment';
import { backoffMs, deadline, supervise, type Clock, type Logger, type Random } from '@facehash/kernel';
import type { KvBucket, ModelState, PeopleProjection } from '@facehash/messaging-core';
import type { ObjectStore } from '@facehash/object-store-core';
import type { WatchedDirectory } from '@facehash/recognition';
import type { Registry } from '@facehash/registry-core';

export interface EraseDeletedParts {
  readonly directory: Pick<WatchedDirectory, 'tombstones' | 'onChange'>;
  readonly registry: Registry;
  readonly objects: ObjectStore;
  readonly people: KvBucket<PeopleProjection>;
  /** When no call can be under way any more that began before the model was known to be deleted. */
  readonly lastSweepAfterMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A model that is to be erased. */
interface Due {
  readonly saidAt: number;
  /** Aborts when it is there again. */
  readonly stop: AbortController;
  at: number;
  /** The next sweep is the last one, after which it is done. */
  last: boolean;
  failures: number;
}

const TICK_MS = 1000;
const RETRY = { firstMs: 1000, maxMs: 60_000 };
/** Of one model; what is left then is taken up again. */
const ERASE_MS = 600_000;

/**
 * Erases what is stored of models that are gone, one after another: as soon as that is said, and once more when nothing that began before
 * can be under way. For clusters, where nobody else may touch the registry; every replica does it, so that none needs to be the one that
 * lives. A model that is there again, and one whose owner keeps what is stored, are left alone.
 */
export function eraseDeleted(parts: EraseDeletedParts): { close(): Promise<void> } {
  const erasing = new Erasing(parts);
  return { close: () => erasing.close() };
}

class Erasing {
  readonly #stop = new AbortController();
  readonly #due = new Map<string, Due>();
  readonly #erase: (storageId: string, signal: AbortSignal) => Promise<void>;
  readonly #running: Promise<void>;

  constructor(private readonly parts: EraseDeletedParts) {
    this.#erase = modelEraser(parts);
    for (const state of parts.directory.tombstones()) this.#take(state);
    parts.directory.onChange((state) => this.#take(state));
    this.#running = supervise(() => this.#work(), { ...parts, what: 'erasing of deleted models', signal: this.#stop.signal });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #take({ storageId, tombstone, keep }: ModelState): void {
    const due = this.#due.get(storageId);
    if (tombstone && !keep) {
      const now = this.parts.clock.now().getTime();
      if (!due) this.#due.set(storageId, { saidAt: now, stop: new AbortController(), at: now, last: false, failures: 0 });
    } else {
      due?.stop.abort();
      this.#due.delete(storageId);
    }
  }

  async #work(): Promise<void> {
    const { clock } = this.parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      for (const [storageId, due] of this.#due) if (due.at <= clock.now().getTime()) await this.#sweep(storageId, due);
      await clock.sleep(TICK_MS, signal);
    }
  }

  async #sweep(storageId: string, due: Due): Promise<void> {
    const { clock, random, logger, lastSweepAfterMs } = this.parts;
    const signal = AbortSignal.any([due.stop.signal, deadline(ERASE_MS, this.#stop.signal)]);
    try {
      signal.throwIfAborted();
      if (await this.#anythingOf(storageId, signal)) {
        await this.#erase(storageId, signal);
        logger.info('what was stored of a deleted model is erased', { storageId });
      }
      if (due.last) this.#due.delete(storageId);
      [due.at, due.last, due.failures] = [due.saidAt + lastSweepAfterMs, true, 0];
    } catch (error) {
      this.#stop.signal.throwIfAborted();
      if (due.stop.signal.aborted) return logger.warn('a model that was to be erased is there again', { storageId });
      logger.warn('a deleted model could not be erased and will be again', { storageId, error });
      due.at = clock.now().getTime() + RETRY.firstMs / 2 + backoffMs(due.failures++, RETRY, random);
    }
  }

  /** Costs little for one that was erased before: tombstones stay. */
  async #anythingOf(storageId: string, signal: AbortSignal): Promise<boolean> {
    const { registry, objects, people } = this.parts;
    if ((await people.get(storageId, signal)) !== undefined) return true;
    if ((await registry.counter(storageId, signal)) > 0) return true;
    const { people: rows, photos } = await registry.counts(storageId, signal);
    if (rows > 0 || photos > 0) return true;
    for await (const _ of objects.list(`${storageId}/`, signal)) return true;
    return false;
  }
}
