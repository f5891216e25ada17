import { canonicalJson, HeardOf, type Clock } from '@facehash/kernel';
import type { ObservedReplica } from '@facehash/lifecycle';
import type { KvBucket, KvChange, ReplicaReport } from '@facehash/messaging-core';

/** A replica that has been silent for longer counts as not ready and holds nothing up. */
const HEARTBEAT_TTL_MS = 15_000;

/** The newest report of every replica, on itself and on every model. `changed` is not called for a mere heartbeat. */
export class ReplicaBoard {
  /** Of the replicas themselves, by their ids. */
  readonly #replicas = new Map<string, ReplicaReport>();
  /** Of models, by replica and storage id. */
  readonly #models = new Map<string, ReplicaReport>();

  readonly #live: HeardOf;

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#live = new HeardOf(clock, HEARTBEAT_TTL_MS);
  }

  /** Follows the bucket until the signal aborts; `changed` is called with the storage id of each report, or null for one on a replica itself. */
  async follow(bucket: KvBucket<ReplicaReport>, changed: (storageId: string | null) => void, signal: AbortSignal): Promise<void> {
    for await (const change of bucket.watch(signal)) {
      if (change.kind === 'synced') continue;
      const { before, after } = this.#take(change, signal);
      const report = after ?? before;
      if (report && !saysNothingNew(before, after)) changed(report.storageId);
    }
  }

  /**
   * Every replica that was heard of and that is there for the model, with what it holds of it: those that are there for this one alone where
   * it has such, else those that are there for all.
   */
  of(storageId: string, { dedicated = false }: { readonly dedicated?: boolean } = {}): readonly ObservedReplica[] {
    const meant = [...this.#replicas].filter(([, { only }]) => only === (dedicated ? storageId : null));
    return meant.map(([key, { replica, ready, rollout }]) => {
      const { answering = null, verifiedCold = null, failed = null } = this.#models.get(`${replica}.${storageId}`) ?? {};
      return { id: replica, ready: ready && this.#live.has(key), answering, verifiedCold, failed, rollout };
    });
  }

  #take(change: Exclude<KvChange<ReplicaReport>, { kind: 'synced' }>, signal: AbortSignal) {
    const key = change.kind === 'put' ? change.entry.key : change.key;
    const reports = key.includes('.') ? this.#models : this.#replicas;
    const before = reports.get(key);
    const after = change.kind === 'put' ? change.entry.value : undefined;
    if (after) reports.set(key, after);
    else reports.delete(key);
    if (after?.storageId === null) this.#live.heard(key, signal);
    return { before, after };
  }
}

/** A heartbeat is no reason to look at a model, and neither is a name that a replica has learnt. */
function saysNothingNew(a: ReplicaReport | undefined, b: ReplicaReport | undefined): boolean {
  return a !== undefined && b !== undefined && canonicalJson(lasting(a)) === canonicalJson(lasting(b));
}

function lasting(report: ReplicaReport): ReplicaReport {
  return { ...report, at: '', peopleRevision: 0 };
}
