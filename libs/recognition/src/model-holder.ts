import type { ModelBackend } from '@facehash/classifier-core';
import { deadline, FaceHashError, Limiter, type Clock, type Logger, type Random } from '@facehash/kernel';
import type { KvBucket, ModelState, ReplicaReport } from '@facehash/messaging-core';
import type { ObjectStore } from '@facehash/object-store-core';
import type { Pipeline } from '@facehash/vision-core';
import { HeldModel, type Plan } from './held-model.js';
import { loadVersion, type LoadedVersion } from './load-version.js';
import type { WatchedDirectory } from './model-directory.js';
import type { PeopleNames } from './people-names.js';
import { ReplicaReports, type Told } from './replica-reports.js';
import type { Lease } from './slot.js';

const LOAD_TIMEOUT_MS = 30_000;
const LOADS_AT_ONCE = 4;
const LOADS_WAITING_MAX = 10_000;
/** Of the store of reports, when this replica says goodbye. */
const LAST_CALL_MS = 2000;

export interface HolderParts {
  /** Id of this replica among all that serve the same models. */
  readonly replica: string;
  /** Storage id of the one model that this replica is there for; left out: it is there for all that have no replicas of their own. */
  readonly only?: string | undefined;
  /** Names the versions that this replica was started for; left out: it was not started for any. */
  readonly rollout?: string | undefined;
  readonly directory: WatchedDirectory;
  readonly names: PeopleNames;
  readonly replicas: KvBucket<ReplicaReport>;
  readonly objects: ObjectStore;
  readonly backend: ModelBackend;
  /** Whose descriptors can be computed here. */
  readonly pipelines: readonly Pipeline[];
  /** Weights held in memory at most; the least recently asked go first. */
  readonly cacheBytesMax: number;
  /** Whether this replica takes requests: rollouts wait for those that do. */
  readonly ready: () => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface ModelHolder {
  /**
   * The version that answers for this model, loaded if it is cold. Release it when the answer is made.
   * Rejects with MODEL_NOT_READY, STORE_UNAVAILABLE, ARTIFACT_CORRUPT, OVERLOADED, SHUTTING_DOWN, and with the signal's reason once that
   * aborts; the load goes on for those who ask next.
   */
  acquire(storageId: string, signal?: AbortSignal): Promise<Lease>;
  /** Whether this replica is ready may have changed: tells so at once. */
  readinessChanged(): void;
  close(): Promise<void>;
}

/** What this replica holds of the models: takes over the versions that the controller names, keeps what is asked for warm, and reports. */
export function openModelHolder(parts: HolderParts): ModelHolder {
  return new Holder(parts);
}

class Holder implements ModelHolder {
  readonly #stop = new AbortController();
  /** Least recently asked first. */
  readonly #held = new Map<string, HeldModel>();
  /** Models that were erased while they were being loaded. */
  readonly #ending = new Set<Promise<void>>();
  readonly #loads = new Limiter(LOADS_AT_ONCE, LOADS_WAITING_MAX);
  readonly #reports: ReplicaReports;

  constructor(private readonly parts: HolderParts) {
    this.#reports = new ReplicaReports({
      ...parts,
      bucket: parts.replicas,
      signal: this.#stop.signal,
      describe: (id) => this.#describe(id),
    });
    parts.directory.onChange((state) => this.#follow(state));
    for (const state of parts.directory.all()) this.#follow(state);
    // Whoever erases somebody waits for this.
    parts.names.onChange(() => this.#reports.changed(null));
  }

  async acquire(storageId: string, signal?: AbortSignal): Promise<Lease> {
    for (;;) {
      const lease = this.#held.get(storageId)?.slot.lease();
      if (lease) {
        this.#touch(storageId);
        return lease;
      }
      this.#stop.signal.throwIfAborted();
      signal?.throwIfAborted();
      if (this.#plan(storageId).active === null) throw new FaceHashError('MODEL_NOT_READY', { storageId });
      // Again, because a full cache may have let it go before this request was its.
      await unlessAborted(this.#hold(storageId).warm(), signal);
    }
  }

  readinessChanged(): void {
    this.#reports.changed(null);
  }

  async close(): Promise<void> {
    const reason = new FaceHashError('SHUTTING_DOWN');
    this.#stop.abort(reason);
    await Promise.all([...this.#ending, ...[...this.#held.values()].map((held) => held.end(reason))]);
    await this.#reports.close(deadline(LAST_CALL_MS));
  }

  #follow(state: ModelState): void {
    if (this.#stop.signal.aborted) return;
    const { storageId } = state;
    if (state.tombstone) this.#forget(storageId);
    // Nobody asks for it here, and its own replicas judge what is new.
    else if (state.route !== null && this.parts.only !== storageId) return;
    // A cold model costs nothing until it is asked for, but a target must be judged here.
    else if (state.target || this.#held.has(storageId)) this.#hold(storageId).takeOver(this.#plan(storageId).wanted);
  }

  #forget(storageId: string): void {
    const held = this.#held.get(storageId);
    this.#held.delete(storageId);
    this.#reports.forget(storageId);
    if (!held) return;
    const ending = held.end(new FaceHashError('MODEL_NOT_READY', { storageId })).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #plan(storageId: string): Plan {
    const state = this.parts.directory.byStorageId(storageId);
    if (!state) return { active: null, target: null, wanted: null };
    const active = state.active?.name ?? null;
    const target = state.target?.name ?? null;
    const named = state.targetReplicas === null || state.targetReplicas.includes(this.parts.replica);
    return { active, target, wanted: (named ? target : null) ?? active };
  }

  #load(storageId: string, name: string, signal: AbortSignal): Promise<LoadedVersion> {
    const { objects, backend, pipelines } = this.parts;
    return this.#loads.run(() => loadVersion({ objects, backend, pipelines }, { storageId, name }, deadline(LOAD_TIMEOUT_MS, signal)));
  }

  #swapped(storageId: string, version: LoadedVersion): void {
    this.#touch(storageId);
    this.#evict(storageId, version);
    this.parts.logger.info('version answers here', { storageId, version: version.name });
    this.#reports.changed(storageId);
  }

  #evict(kept: string, { name }: LoadedVersion): void {
    let bytes = [...this.#held.values()].reduce((sum, { slot }) => sum + slot.sizeBytes, 0);
    for (const [storageId, held] of this.#held) {
      if (bytes <= this.parts.cacheBytesMax) return;
      if (storageId === kept || held.slot.leased || held.slot.answering === null) continue;
      bytes -= held.slot.sizeBytes;
      held.verifiedCold = held.slot.answering;
      held.slot.swap(undefined);
      this.#reports.changed(storageId);
    }
    if (bytes > this.parts.cacheBytesMax)
      this.parts.logger.debug('the model cache is over its bound: every model in it is in use', { version: name });
  }

  #hold(storageId: string): HeldModel {
    const known = this.#held.get(storageId);
    if (known) return known;
    const held = new HeldModel({
      ...this.parts,
      storageId,
      load: (version, signal) => this.#load(storageId, version, signal),
      plan: () => this.#plan(storageId),
      onSwap: (version) => this.#swapped(storageId, version),
      onChange: () => this.#reports.changed(storageId),
    });
    this.#held.set(storageId, held);
    return held;
  }

  #touch(storageId: string): void {
    const held = this.#held.get(storageId);
    if (!held) return;
    this.#held.delete(storageId);
    this.#held.set(storageId, held);
  }

  #describe(storageId: string | null): Told | undefined {
    const { ready, names, only = null, rollout = null } = this.parts;
    const itself = { ready: ready(), peopleRevision: names.seen, only, rollout };
    if (storageId === null) return { ...itself, answering: null, verifiedCold: null, failed: null };
    const held = this.#held.get(storageId);
    return held && { ...itself, answering: held.slot.answering, verifiedCold: held.verifiedCold, failed: held.failed };
  }
}

/** What `promise` brings, or the signal's reason once that aborts; what was begun goes on. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
