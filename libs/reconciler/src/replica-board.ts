import { canonicalJson, type Clock } from '@facehash/kernel';
import type { ObservedReplica } from '@facehash/lifecycle';
import type { KvBucket, ReplicaReport } from '@facehash/messaging-core';

/** A replica that has been silent for longer counts as not ready and holds nothing up. */
const HEARTBEAT_TTL_MS = 15_000;

/** The newest report of every replica, on itself and on every model. `changed` is not called for a mere heartbeat. */
export class ReplicaBoard {
  /** Of the replicas themselves, by their ids. */
  readonly #replicas = new Map<string, ReplicaReport>();
  /** Of models, by replica and storage id. */
  readonly #models = new Map<string, ReplicaReport>();

  constructor(private readonly clock: Clock) {}

  /** Follows the bucket until the signal aborts; `changed` is called with the storage id of each report, or null for one on a replica itself. */
  async follow(bucket: KvBucket<ReplicaReport>, changed: (storageId: string | null) => void, signal: AbortSignal): Promise<void> {
    for await (const change of bucket.watch(signal)) {
      if (change.kind === 'synced') continue;
      const key = change.kind === 'put' ? change.entry.key : change.key;
      const reports = key.includes('.') ? this.#models : this.#replicas;
      const before = reports.get(key);
      const after = change.kind === 'put' ? change.entry.value : undefined;
      if (after) reports.set(key, after);
      else reports.delete(key);
      const report = after ?? before;
      if (report && !saysNothingNew(before, after)) changed(report.storageId);
    }
  }

  /**
   * Every replica that was heard of and that is there for the model, with what it holds of it: those that are there for this one alone where
   * it has such, else those that are there for all.
   */
  of(storageId: string, { dedicated = false }: { readonly dedicated?: boolean } = {}): readonly ObservedReplica[] {
    const oldest = this.clock.now().getTime() - HEARTBEAT_TTL_MS;
    const meant = [...this.#replicas.values()].filter(({ only }) => only === (dedicated ? storageId : null));
    return meant.map(({ replica, ready, at, rollout }) => {
      const { answering = null, verifiedCold = null, failed = null } = this.#models.get(`${replica}.${storageId}`) ?? {};
      return { id: replica, ready: ready && Date.parse(at) >= oldest, answering, verifiedCold, failed, rollout };
    });
  }
}

/** A heartbeat is no reason to look at a model, and neither is a name that a replica has learnt. */
function saysNothingNew(a: ReplicaReport | undefined, b: ReplicaReport | undefined): boolean {
  return a !== undefined && b !== undefined && canonicalJson(lasting(a)) === canonicalJson(lasting(b));
}

function lasting(report: ReplicaReport): ReplicaReport {
  return { ...report, at: '', peopleRevision: 0 };
}
