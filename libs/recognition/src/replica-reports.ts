import { supervise, type Clock, type Logger, type Random } from '@facehash/kernel';
import type { KvBucket, ReplicaReport } from '@facehash/messaging-core';

/** A third of what the controller waits before it counts a replica as gone. */
const HEARTBEAT_MS = 5000;

export interface ReportParts {
  readonly replica: string;
  readonly bucket: KvBucket<ReplicaReport>;
  /** What is true of the model here now; undefined when nothing is. */
  readonly describe: (storageId: string) => Omit<ReplicaReport, 'at'> | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Tells the controller what this replica holds: at once when it changes, and as a heartbeat. Each key has this one writer. */
export class ReplicaReports {
  readonly #revisions = new Map<string, number>();
  readonly #reported = new Set<string>();
  readonly #beating: Promise<void>;
  /** Writes go one after another, so that an older report never follows a newer one. */
  #writing: Promise<void> = Promise.resolve();

  constructor(private readonly parts: ReportParts) {
    this.#beating = supervise(() => this.#beat(), { ...parts, what: 'replica reports' });
  }

  changed(storageId: string): void {
    this.#reported.add(storageId);
    this.#writing = this.#writing.then(() => this.#write(storageId)).catch((error: unknown) => this.#couldNot(storageId, error));
  }

  forget(storageId: string): void {
    this.#reported.delete(storageId);
    this.#writing = this.#writing
      .then(() => this.parts.bucket.delete(this.#key(storageId)))
      .catch((error: unknown) => this.#couldNot(storageId, error));
  }

  async close(): Promise<void> {
    await this.#beating;
    await this.#writing;
  }

  async #beat(): Promise<void> {
    for (;;) {
      await this.parts.clock.sleep(HEARTBEAT_MS, this.parts.signal);
      for (const storageId of this.#reported) this.changed(storageId);
    }
  }

  async #write(storageId: string): Promise<void> {
    const { bucket, clock, describe, signal } = this.parts;
    const report = describe(storageId);
    if (!report || signal.aborted) return;
    const key = this.#key(storageId);
    const value = { ...report, at: clock.now().toISOString() };
    const written = await bucket.put(key, value, this.#revisions.get(storageId) ?? null, signal);
    if (written !== undefined) {
      this.#revisions.set(storageId, written);
      return;
    }
    // What is there is an earlier life of this replica's, or was dropped: read and write over it.
    const before = await bucket.get(key, signal);
    const again = await bucket.put(key, value, before?.revision ?? null, signal);
    if (again !== undefined) this.#revisions.set(storageId, again);
  }

  /** The heartbeat tries again. */
  #couldNot(storageId: string, error: unknown): void {
    if (!this.parts.signal.aborted) this.parts.logger.warn('a replica report could not be written', { storageId, error });
  }

  #key(storageId: string): string {
    return `${this.parts.replica}.${storageId}`;
  }
}
