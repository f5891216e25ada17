import type { ModelBackend } from '@facehash/classifier-core';
import {
  asFaceHashError,
  backoffMs,
  deadline,
  FaceHashError,
  Limiter,
  type Clock,
  type FaceHashError as Failure,
  type Logger,
  type Random,
} from '@facehash/kernel';
import type { KvBucket, ModelState, ReplicaReport } from '@facehash/messaging-core';
import type { ObjectStore } from '@facehash/object-store-core';
import { loadVersion, type LoadedVersion } from './load-version.js';
import type { WatchedDirectory } from './model-directory.js';
import type { PeopleNames } from './people-names.js';
import { ReplicaReports } from './replica-reports.js';
import { Slot, type Lease } from './slot.js';

const LOAD_TIMEOUT_MS = 30_000;
const LOADS_AT_ONCE = 4;
const LOADS_WAITING_MAX = 10_000;
const RETRY = { firstMs: 200, maxMs: 10_000 };

export interface HolderParts {
  /** Id of this replica among all that serve the same models. */
  readonly replica: string;
  readonly directory: WatchedDirectory;
  readonly names: PeopleNames;
  readonly replicas: KvBucket<ReplicaReport>;
  readonly objects: ObjectStore;
  readonly backend: ModelBackend;
  /** Weights held in memory at most; the least recently asked go first. */
  readonly cacheBytesMax: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface ModelHolder {
  /**
   * The version that answers for this model, loaded if it is cold. Release it when the answer is made.
   * Rejects with MODEL_NOT_READY, STORE_UNAVAILABLE, ARTIFACT_CORRUPT, OVERLOADED.
   */
  acquire(storageId: string): Promise<Lease>;
  close(): Promise<void>;
}

/** What this replica holds of the models: takes over the versions that the controller names, keeps what is asked for warm, and reports. */
export function openModelHolder(parts: HolderParts): ModelHolder {
  return new Holder(parts);
}

/** One model as this replica sees it. `turn` runs its loads one after another. */
interface Entry {
  readonly slot: Slot;
  turn: Promise<void>;
  verifiedCold: string | null;
  failed: ReplicaReport['failed'];
}

class Holder implements ModelHolder {
  readonly #stop = new AbortController();
  /** Least recently asked first. */
  readonly #entries = new Map<string, Entry>();
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
  }

  async acquire(storageId: string): Promise<Lease> {
    const known = this.#entries.get(storageId)?.slot.lease();
    if (known) {
      this.#touch(storageId);
      return known;
    }
    const active = this.parts.directory.byStorageId(storageId)?.active;
    if (!active) throw new FaceHashError('MODEL_NOT_READY', { storageId });
    const entry = this.#entry(storageId);
    await this.#inTurn(entry, async () => {
      if (entry.slot.answering === null) await this.#load(storageId, entry, active.name);
    });
    const lease = entry.slot.lease();
    if (!lease) throw new FaceHashError('MODEL_NOT_READY', { storageId });
    return lease;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#entries.values()].map((entry) => entry.turn));
    for (const entry of this.#entries.values()) entry.slot.swap(undefined);
    await this.#reports.close();
  }

  #follow(state: ModelState): void {
    if (this.#stop.signal.aborted) return;
    const { storageId } = state;
    if (state.tombstone) {
      this.#entries.get(storageId)?.slot.swap(undefined);
      this.#entries.delete(storageId);
      this.#reports.forget(storageId);
      return;
    }
    // A cold model costs nothing until it is asked for, but a target must be judged here.
    if (!state.target && !this.#entries.has(storageId)) return;
    const entry = this.#entry(storageId);
    void this.#inTurn(entry, () => this.#takeOver(storageId, entry)).catch(() => undefined);
  }

  /** Brings the slot to what the newest state names, however often that changes meanwhile; tries again while the store is away. */
  async #takeOver(storageId: string, entry: Entry): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted; failures++) {
      const wanted = this.#wanted(storageId);
      if (wanted === null || wanted === entry.slot.answering || (entry.slot.answering === null && !this.#isTarget(storageId, wanted)))
        break;
      const failure = await this.#load(storageId, entry, wanted).then(
        () => undefined,
        (error: unknown) => asFaceHashError(error),
      );
      if (!failure) continue;
      this.#failed(storageId, entry, { version: wanted, failure });
      if (failure.code === 'ARTIFACT_CORRUPT') return;
      await this.parts.clock.sleep(backoffMs(failures, RETRY, this.parts.random) + RETRY.firstMs / 2, this.#stop.signal);
    }
    this.#reports.changed(storageId);
  }

  async #load(storageId: string, entry: Entry, name: string): Promise<void> {
    const { objects, backend, logger } = this.parts;
    const version = await this.#loads.run(() =>
      loadVersion({ objects, backend }, { storageId, name }, deadline(LOAD_TIMEOUT_MS, this.#stop.signal)),
    );
    entry.failed = null;
    entry.verifiedCold = null;
    entry.slot.swap(version);
    this.#touch(storageId);
    this.#evict(storageId, version);
    logger.info('version answers here', { storageId, version: name });
    this.#reports.changed(storageId);
  }

  #failed(storageId: string, entry: Entry, { version, failure }: { readonly version: string; readonly failure: Failure }): void {
    const kind = failure.code === 'ARTIFACT_CORRUPT' ? 'artifact' : 'transient';
    this.parts.logger.warn('version could not be taken over', { storageId, version, kind, error: failure });
    entry.failed = { version, kind, code: failure.code, message: failure.message };
    this.#reports.changed(storageId);
  }

  /** The target, where this replica is named for it; else the version that is active everywhere. */
  #wanted(storageId: string): string | null {
    const state = this.parts.directory.byStorageId(storageId);
    if (!state) return null;
    const named = state.target && (state.targetReplicas === null || state.targetReplicas.includes(this.parts.replica));
    return (named ? state.target?.name : state.active?.name) ?? null;
  }

  #isTarget(storageId: string, version: string): boolean {
    return this.parts.directory.byStorageId(storageId)?.target?.name === version;
  }

  #evict(kept: string, { name }: LoadedVersion): void {
    let held = [...this.#entries.values()].reduce((sum, { slot }) => sum + slot.sizeBytes, 0);
    for (const [storageId, entry] of this.#entries) {
      if (held <= this.parts.cacheBytesMax) return;
      if (storageId === kept || entry.slot.leased || entry.slot.answering === null) continue;
      held -= entry.slot.sizeBytes;
      entry.verifiedCold = entry.slot.answering;
      entry.slot.swap(undefined);
      this.#reports.changed(storageId);
    }
    if (held > this.parts.cacheBytesMax)
      this.parts.logger.debug('the model cache is over its bound: every model in it is in use', { version: name });
  }

  #entry(storageId: string): Entry {
    const known = this.#entries.get(storageId);
    if (known) return known;
    const entry: Entry = { slot: new Slot(), turn: Promise.resolve(), verifiedCold: null, failed: null };
    this.#entries.set(storageId, entry);
    return entry;
  }

  #touch(storageId: string): void {
    const entry = this.#entries.get(storageId);
    if (!entry) return;
    this.#entries.delete(storageId);
    this.#entries.set(storageId, entry);
  }

  async #inTurn(entry: Entry, work: () => Promise<void>): Promise<void> {
    const mine = entry.turn.then(work);
    entry.turn = mine.catch(() => undefined);
    await mine;
  }

  #describe(storageId: string): Omit<ReplicaReport, 'at'> | undefined {
    const entry = this.#entries.get(storageId);
    if (!entry) return undefined;
    return {
      v: 1,
      replica: this.parts.replica,
      storageId,
      ready: true,
      answering: entry.slot.answering,
      verifiedCold: entry.verifiedCold,
      failed: entry.failed,
      peopleRevision: this.parts.names.revision(storageId),
    };
  }
}
