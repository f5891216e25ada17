import { HeardOf, supervise, type SuperviseOptions } from '@facehash/kernel';
import type { KvChange, Messaging, ReplicaReport } from '@facehash/messaging-core';

/** A replica that has been silent for longer has lost its machine. One that is merely cut off delays the receipt until then. */
const GONE_AFTER_MS = 60_000;

/** Knows whether every live replica answers by a people projection that masks somebody, be it for a model that it has not been asked for yet. */
export class MaskWatch {
  /** The revision of the people projections that each replica was last known to answer by. */
  readonly #revisions = new Map<string, number>();
  readonly #live: HeardOf;
  readonly #following: Promise<void>;
  /** Whether every report that is there has been read: before that, nobody knows who lives. */
  #synced = false;

  constructor(
    private readonly messaging: Pick<Messaging, 'people' | 'replicas'>,
    private readonly options: Omit<SuperviseOptions, 'what'>,
  ) {
    this.#live = new HeardOf(options.clock, GONE_AFTER_MS);
    this.#following = supervise(() => this.#follow(), { ...options, what: 'masking' });
  }

  async masked(storageId: string, personId: string, signal?: AbortSignal): Promise<boolean> {
    const projection = await this.messaging.people.get(storageId, signal);
    if (projection?.value.tombstones[personId] === undefined) return false;
    const live = [...this.#revisions].filter(([replica]) => this.#live.has(replica));
    return this.#synced && live.every(([, revision]) => revision >= projection.revision);
  }

  /** When the signal of the options has aborted. */
  async close(): Promise<void> {
    await this.#following;
  }

  async #follow(): Promise<void> {
    try {
      for await (const change of this.messaging.replicas.watch(this.options.signal)) this.#take(change);
    } finally {
      this.#synced = false;
      // Perhaps of buckets that have been made anew, where revisions begin again: who lives will say what they answer by now.
      for (const replica of this.#revisions.keys()) this.#revisions.set(replica, 0);
    }
  }

  #take(change: KvChange<ReplicaReport>): void {
    if (change.kind === 'synced') this.#synced = true;
    else if (change.kind === 'delete') {
      this.#revisions.delete(change.key);
      this.#live.forget(change.key);
    } else if (change.entry.value.storageId === null) {
      this.#revisions.set(change.entry.key, change.entry.value.peopleRevision);
      this.#live.heard(change.entry.key, this.options.signal);
    }
  }
}
