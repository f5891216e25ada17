import { canonicalJson, type Clock } from '@facehash/kernel';
import type { ObservedReplica } from '@facehash/lifecycle';
import type { KvBucket, ReplicaReport } from '@facehash/messaging-core';

/** A replica that has been silent for longer counts as not ready and holds nothing up. */
const HEARTBEAT_TTL_MS = 15_000;

/** The newest report of every replica on every model. `changed` is not called for a mere heartbeat. */
export class ReplicaBoard {
  readonly #reports = new Map<string, ReplicaReport>();

  constructor(private readonly clock: Clock) {}

  /** Follows the bucket until the signal aborts; `changed` is called with the storage id of each report. */
  async follow(bucket: KvBucket<ReplicaReport>, changed: (storageId: string) => void, signal: AbortSignal): Promise<void> {
    for await (const change of bucket.watch(signal)) {
      if (change.kind === 'synced') continue;
      const key = change.kind === 'put' ? change.entry.key : change.key;
      const before = this.#reports.get(key);
      const after = change.kind === 'put' ? change.entry.value : undefined;
      if (after) this.#reports.set(key, after);
      else this.#reports.delete(key);
      const storageId = (after ?? before)?.storageId;
      if (storageId !== undefined && !sameButForTime(before, after)) changed(storageId);
    }
  }

  of(storageId: string): readonly ObservedReplica[] {
    const oldest = this.clock.now().getTime() - HEARTBEAT_TTL_MS;
    const reports = [...this.#reports.values()].filter((r) => r.storageId === storageId);
    return reports.map(({ replica, ready, at, answering, verifiedCold, failed }) => ({
      id: replica,
      ready: ready && Date.parse(at) >= oldest,
      answering,
      verifiedCold,
      failed,
    }));
  }
}

/** A heartbeat that says nothing new is no reason to look at the model. */
function sameButForTime(a: ReplicaReport | undefined, b: ReplicaReport | undefined): boolean {
  return a !== undefined && b !== undefined && canonicalJson({ ...a, at: '' }) === canonicalJson({ ...b, at: '' });
}
