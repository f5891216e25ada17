import { supervise, type SuperviseOptions } from '@facehash/kernel';
import type { Messaging, ReplicaReport } from '@facehash/messaging-core';

/** A replica that has been silent for longer has lost its machine. One that is merely cut off delays the receipt until then. */
const GONE_AFTER_MS = 60_000;

/** Knows whether every live replica answers by a people projection that masks somebody, be it for a model that it has not been asked for yet. */
export class MaskWatch {
  readonly #replicas = new Map<string, ReplicaReport>();
  readonly #following: Promise<void>;

  constructor(
    private readonly messaging: Pick<Messaging, 'people' | 'replicas'>,
    private readonly options: Omit<SuperviseOptions, 'what'>,
  ) {
    this.#following = supervise(() => this.#follow(), { ...options, what: 'masking' });
  }

  async masked(storageId: string, personId: string, signal?: AbortSignal): Promise<boolean> {
    const projection = await this.messaging.people.get(storageId, signal);
    if (projection?.value.tombstones[personId] === undefined) return false;
    const oldest = this.options.clock.now().getTime() - GONE_AFTER_MS;
    const live = [...this.#replicas.values()].filter(({ at }) => Date.parse(at) >= oldest);
    return live.every(({ peopleRevision }) => peopleRevision >= projection.revision);
  }

  /** When the signal of the options has aborted. */
  async close(): Promise<void> {
    await this.#following;
  }

  async #follow(): Promise<void> {
    for await (const change of this.messaging.replicas.watch(this.options.signal)) {
      if (change.kind === 'delete') this.#replicas.delete(change.key);
      else if (change.kind === 'put' && change.entry.value.storageId === null) this.#replicas.set(change.entry.key, change.entry.value);
    }
  }
}
