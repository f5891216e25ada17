import { setTimeout as sleep } from 'node:timers/promises';
import type { Messaging, ModelState, ReplicaReport } from '@facehash/messaging-core';

/** Less than a third of the time after which a silent replica counts as gone. */
const HEARTBEAT_MS = 3_000;
const TAKE_OVER_MS_MAX = 300;

/** Replicas that say of every model that they do as they are told, and answer nobody. */
export class PlayedReplicas {
  readonly #stop = new AbortController();
  readonly #states = new Map<string, ModelState>();
  readonly #working: Promise<void>[];

  constructor(
    private readonly messaging: Pick<Messaging, 'models' | 'replicas'>,
    private readonly ids: readonly string[],
  ) {
    this.#working = [this.#follow(), this.#beat()];
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#working);
  }

  async #follow(): Promise<void> {
    for await (const change of this.messaging.models.watch(this.#stop.signal)) {
      if (change.kind !== 'put') continue;
      this.#states.set(change.entry.key, change.entry.value);
      for (const id of this.ids) void this.#takeOver(id, change.entry.key);
    }
  }

  async #takeOver(id: string, storageId: string): Promise<void> {
    await sleep(Math.random() * TAKE_OVER_MS_MAX);
    await this.#report(id, storageId);
  }

  async #beat(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      for (const id of this.ids) {
        await this.#say(id, { replica: id, storageId: null });
        for (const storageId of this.#states.keys()) await this.#report(id, storageId);
      }
      await sleep(HEARTBEAT_MS);
    }
  }

  async #report(id: string, storageId: string): Promise<void> {
    const state = this.#states.get(storageId);
    if (!state || state.tombstone) return;
    const { target, targetReplicas, active } = state;
    const named = target !== null && (targetReplicas === null || targetReplicas.includes(id));
    const answering = (named ? target : active)?.name ?? null;
    await this.#say(`${id}.${storageId}`, { replica: id, storageId, answering });
  }

  /** What cannot be said now is said with the next beat. */
  async #say(key: string, said: Pick<ReplicaReport, 'replica' | 'storageId'> & Partial<ReplicaReport>): Promise<void> {
    const at = new Date().toISOString();
    const report: ReplicaReport = {
      ...{ v: 1, ready: true, at, answering: null, verifiedCold: null, failed: null, peopleRevision: 0, only: null, rollout: null },
      ...said,
    };
    try {
      const before = await this.messaging.replicas.get(key);
      await this.messaging.replicas.put(key, report, before?.revision ?? null);
    } catch {
      return;
    }
  }
}
