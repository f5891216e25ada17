import { supervise, type Clock, type Logger, type Random } from '@facehash/kernel';
import type { KvBucket, ReplicaReport } from '@facehash/messaging-core';

/** A third of what the controller waits before it counts a replica as gone. */
const HEARTBEAT_MS = 5000;
/** What is said of single models is only kept from being forgotten: that the replica lives, its own report tells. */
const BEATS_PER_REPEAT = 4;

/** What is true of a replica itself, or of a model there. */
export type Told = Omit<ReplicaReport, 'v' | 'replica' | 'storageId' | 'at'>;

export interface ReportParts {
  readonly replica: string;
  readonly bucket: KvBucket<ReplicaReport>;
  /** What is true now, of the replica itself for null; undefined when nothing is. */
  readonly describe: (storageId: string | null) => Told | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Writes go one after another, so that an older report never follows a newer one. */
interface Turns {
  last: Promise<void>;
  failing: boolean;
}

/** Tells the controller what this replica holds: at once when it changes, and as a heartbeat. Each key has this one writer. */
export class ReplicaReports {
  readonly #revisions = new Map<string, number>();
  readonly #reported = new Set<string>();
  /** Will be written with what is true by then, so that a change meanwhile needs no write of its own. */
  readonly #waiting = new Set<string | null>();
  readonly #beating: Promise<void>;
  /** That it lives must not wait behind what there is to say of thousands of models. */
  readonly #ofItself: Turns = { last: Promise.resolve(), failing: false };
  readonly #ofModels: Turns = { last: Promise.resolve(), failing: false };

  constructor(private readonly parts: ReportParts) {
    this.#beating = supervise(() => this.#beat(), { ...parts, what: 'replica reports' });
  }

  /** Of the replica itself for null. */
  changed(storageId: string | null): void {
    if (storageId !== null) this.#reported.add(storageId);
    if (this.#waiting.has(storageId)) return;
    this.#waiting.add(storageId);
    this.#inTurn(storageId, () => {
      this.#waiting.delete(storageId);
      return this.#write(storageId);
    });
  }

  forget(storageId: string): void {
    this.#reported.delete(storageId);
    this.#revisions.delete(this.#key(storageId));
    this.#inTurn(storageId, () => this.parts.bucket.delete(this.#key(storageId), this.parts.signal));
  }

  /** Everybody learns at once that this replica is gone; where that cannot be told, its silence tells it. */
  async close(lastCall: AbortSignal): Promise<void> {
    await this.#beating;
    await Promise.all([this.#ofItself.last, this.#ofModels.last]);
    await this.parts.bucket.delete(this.#key(null), lastCall).catch((error: unknown) => {
      this.parts.logger.debug('the end of the replica could not be told', { error });
    });
  }

  async #beat(): Promise<void> {
    for (let beats = 0; ; beats++) {
      this.changed(null);
      if (beats % BEATS_PER_REPEAT === 0) for (const storageId of this.#reported) this.changed(storageId);
      await this.parts.clock.sleep(HEARTBEAT_MS, this.parts.signal);
    }
  }

  async #write(storageId: string | null): Promise<void> {
    const { bucket, clock, describe, replica, signal } = this.parts;
    const told = describe(storageId);
    // Nothing is true of a model that is forgotten: what was said of it ends by itself.
    if (!told && storageId !== null) this.#reported.delete(storageId);
    if (!told || signal.aborted) return;
    const key = this.#key(storageId);
    const value: ReplicaReport = { v: 1, replica, storageId, ...told, at: clock.now().toISOString() };
    const written = await bucket.put(key, value, this.#revisions.get(key) ?? null, signal);
    if (written !== undefined) {
      this.#revisions.set(key, written);
      return;
    }
    // What is there is an earlier life of this replica's, or was dropped: read and write over it.
    const before = await bucket.get(key, signal);
    const again = await bucket.put(key, value, before?.revision ?? null, signal);
    if (again !== undefined) this.#revisions.set(key, again);
  }

  #inTurn(storageId: string | null, work: () => Promise<void>): void {
    const turns = storageId === null ? this.#ofItself : this.#ofModels;
    turns.last = turns.last.then(work).then(
      () => this.#could(turns),
      (error: unknown) => this.#couldNot(turns, storageId, error),
    );
  }

  #could(turns: Turns): void {
    if (turns.failing) this.parts.logger.info('replica reports are written again');
    turns.failing = false;
  }

  /** The heartbeat tries again, and what it meets is news once. */
  #couldNot(turns: Turns, storageId: string | null, error: unknown): void {
    if (this.parts.signal.aborted) return;
    if (!turns.failing) this.parts.logger.warn('replica reports cannot be written: they will be tried again', { storageId, error });
    turns.failing = true;
  }

  #key(storageId: string | null): string {
    return storageId === null ? this.parts.replica : `${this.parts.replica}.${storageId}`;
  }
}
