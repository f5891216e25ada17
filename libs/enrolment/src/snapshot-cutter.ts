import {
  decodeDocument,
  encodeDocument,
  latestPointerSchema,
  layout,
  sampleCounts,
  samplesDigest,
  snapshotSchema,
  type LatestPointer,
  type Snapshot,
} from '@facehash/artifacts';
import { deadline, supervise, type Clock, type Logger, type Random } from '@facehash/kernel';
import type { CommandQueue, KvBucket, PeopleProjection } from '@facehash/messaging-core';
import type { ObjectStore } from '@facehash/object-store-core';
import type { Registry } from '@facehash/registry-core';
import { noCheckpoint, type OnCheckpoint } from './checkpoint.js';
import { PeopleProjector } from './people-projection.js';

const CUT_TIMEOUT_MS = 60_000;
/** Every model whose counter is ahead of its snapshot is found this often, so a crash or a lost timer costs a delay only. */
const SWEEP_MS = 5000;
/** Photos that keep coming put a cut off by at most this many debounces. */
const PATIENCE = 10;

/** What a cut takes from the model; undefined while the model is not known here. */
export type CutRules = (storageId: string) =>
  | {
      readonly debounceSeconds: number;
      readonly photosPerPerson: { readonly min: number };
      /** What answers was trained on this snapshot. */
      readonly active: { readonly snapshot: number } | null;
    }
  | undefined;

export interface CutterParts {
  readonly registry: Registry;
  readonly objects: ObjectStore;
  readonly commands: CommandQueue;
  /** Who is in a snapshot has a name before a version can know them. */
  readonly people: KvBucket<PeopleProjection>;
  readonly rules: CutRules;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly checkpoint?: OnCheckpoint;
  /** How often every model is looked at; each replica does so. */
  readonly sweepMs?: number;
}

export interface SnapshotCutter {
  /** Something was counted: a snapshot is cut once nothing more came for the model's debounce. */
  noticed(storageId: string): void;
  /** Cuts at once; the counter of the snapshot, or null when there is nobody to train on. That is a snapshot, too, where there was somebody before. */
  cutNow(storageId: string, signal?: AbortSignal): Promise<number | null>;
  close(): Promise<void>;
}

export function openSnapshotCutter(parts: CutterParts): SnapshotCutter {
  return new Cutter(parts);
}

class Cutter implements SnapshotCutter {
  readonly #stop = new AbortController();
  readonly #waiting = new Map<string, { lastAt: number }>();
  /** The counter up to which this process has cut, by model: spares the sweep a read. */
  readonly #cut = new Map<string, number>();
  readonly #background = new Set<Promise<unknown>>();
  readonly #projector: PeopleProjector;

  constructor(private readonly parts: CutterParts) {
    const { clock, random, logger } = parts;
    this.#projector = new PeopleProjector(parts.people, parts.registry, parts);
    this.#keep(supervise(() => this.#sweepLoop(), { what: 'snapshot sweep', clock, random, logger, signal: this.#stop.signal }));
  }

  noticed(storageId: string): void {
    if (this.#stop.signal.aborted) return;
    const now = this.parts.clock.now().getTime();
    const waiting = this.#waiting.get(storageId);
    if (waiting) {
      waiting.lastAt = now;
      return;
    }
    this.#waiting.set(storageId, { lastAt: now });
    this.#keep(this.#afterDebounce(storageId));
  }

  async cutNow(storageId: string, signal: AbortSignal = deadline(CUT_TIMEOUT_MS, this.#stop.signal)): Promise<number | null> {
    const { registry, commands, checkpoint = noCheckpoint } = this.parts;
    for (;;) {
      const counter = await this.#counter(storageId, signal);
      checkpoint('snapshot.counterRead');
      const snapshot = await this.#read(storageId, counter, signal);
      checkpoint('snapshot.rowsRead');
      if (counter === 0 || (snapshot.people.length === 0 && !(await this.#latest(storageId, signal)))) {
        this.#cut.set(storageId, counter);
        return null;
      }
      // Whoever was made when messaging was away, or by a replica that died then, has a row and no name yet.
      await this.#projector.sync(storageId, signal);
      if (await this.#write(snapshot, signal)) {
        await this.#point(snapshot, signal);
        checkpoint('snapshot.pointed');
        await commands.send({ v: 1, id: `train.${storageId}.${counter}`, kind: 'train', storageId, snapshot: counter }, signal);
        checkpoint('snapshot.commanded');
        this.#cut.set(storageId, counter);
        return snapshot.people.length === 0 ? null : counter;
      }
      // The number stands for other rows: for those of a moment ago, or for those from before an older registry was restored.
      await registry.bumpCounter(storageId, signal);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#background);
  }

  async #afterDebounce(storageId: string): Promise<void> {
    const { clock, logger, rules } = this.parts;
    const debounceMs = (rules(storageId)?.debounceSeconds ?? 0.5) * 1000;
    const latest = clock.now().getTime() + PATIENCE * debounceMs;
    try {
      for (;;) {
        const due = Math.min((this.#waiting.get(storageId)?.lastAt ?? 0) + debounceMs, latest);
        const ms = due - clock.now().getTime();
        if (ms <= 0) break;
        await clock.sleep(ms, this.#stop.signal);
      }
      // From here on a newcomer starts a debounce of its own: this cut may not see it.
      this.#waiting.delete(storageId);
      await this.cutNow(storageId);
    } catch (error) {
      this.#waiting.delete(storageId);
      if (!this.#stop.signal.aborted) logger.warn('a snapshot could not be cut; the sweep will try again', { storageId, error });
    }
  }

  /** A registry that was restored may be older than the snapshots: their numbers are not given again. */
  async #counter(storageId: string, signal: AbortSignal): Promise<number> {
    const { registry } = this.parts;
    const latest = (await this.#latest(storageId, signal))?.counter ?? 0;
    // Read after it: in a registry that is whole, the counter was there before the snapshot.
    const counter = await registry.counter(storageId, signal);
    return counter >= latest ? counter : registry.raiseCounter(storageId, latest, signal);
  }

  /** Rows are read after the counter: they may hold more than it says, never less. */
  async #read(storageId: string, counter: number, signal: AbortSignal): Promise<Snapshot> {
    const byPerson = new Map<string, string[]>();
    for await (const { personId, sha256 } of this.parts.registry.allPhotos(storageId, signal)) {
      const photos = byPerson.get(personId) ?? [];
      photos.push(sha256);
      byPerson.set(personId, photos);
    }
    const min = this.parts.rules(storageId)?.photosPerPerson.min ?? 1;
    const people = [...byPerson].filter(([, photos]) => photos.length >= min).map(([id, photos]) => ({ id, photos: photos.sort() }));
    people.sort((a, b) => (a.id < b.id ? -1 : 1));
    return { v: 1, storageId, counter, people };
  }

  /** Whether this is what its counter stands for: another replica may have cut the same. */
  async #write(snapshot: Snapshot, signal: AbortSignal): Promise<boolean> {
    const { objects, checkpoint = noCheckpoint } = this.parts;
    const key = layout.samples(snapshot.storageId, snapshot.counter);
    const outcome = await objects.create(key, encodeDocument(snapshot), signal);
    checkpoint('snapshot.created');
    if (outcome === 'created') return true;
    const stored = await objects.read(key, signal);
    // What is older than the newest may be swept at any time.
    return !stored || samplesDigest(decodeDocument(snapshotSchema, stored.bytes, key)) === samplesDigest(snapshot);
  }

  /** Moves `latest` forward, never back. */
  async #point(snapshot: Snapshot, signal: AbortSignal): Promise<void> {
    const key = layout.latestSamples(snapshot.storageId);
    const pointer = { v: 1, counter: snapshot.counter, digest: samplesDigest(snapshot), ...sampleCounts(snapshot) };
    for (;;) {
      const before = await this.parts.objects.read(key, signal);
      const known = before && decodeDocument(latestPointerSchema, before.bytes, key);
      if (known && known.counter >= snapshot.counter) return;
      if ((await this.parts.objects.replace(key, encodeDocument(pointer), before?.revision ?? null, signal)) !== undefined) return;
    }
  }

  async #latest(storageId: string, signal: AbortSignal): Promise<LatestPointer | undefined> {
    const key = layout.latestSamples(storageId);
    const object = await this.parts.objects.read(key, signal);
    return object && decodeDocument(latestPointerSchema, object.bytes, key);
  }

  async #sweepLoop(): Promise<void> {
    const { clock, random, sweepMs = SWEEP_MS } = this.parts;
    for (;;) {
      await this.#sweep();
      // Replicas that started together must not all ask at once for ever.
      await clock.sleep(sweepMs * (0.75 + random.next() / 2), this.#stop.signal);
    }
  }

  async #sweep(): Promise<void> {
    const signal = deadline(CUT_TIMEOUT_MS, this.#stop.signal);
    for await (const { storageId, counter } of this.parts.registry.counters(signal)) {
      if (this.#waiting.has(storageId) || (await this.#raised(storageId, counter, signal)) || counter <= this.#surelyCut(storageId))
        continue;
      const latest = (await this.#latest(storageId, signal))?.counter ?? 0;
      if (latest === counter) this.#cut.set(storageId, latest);
      else this.noticed(storageId);
    }
  }

  /**
   * A registry that was restored may count below the snapshots beside it: a call would count photos with numbers that are given away, and
   * the version that answers pass for trained on them.
   */
  async #raised(storageId: string, counter: number, signal: AbortSignal): Promise<boolean> {
    const active = this.parts.rules(storageId)?.active?.snapshot ?? 0;
    if (counter >= active) return false;
    await this.parts.registry.raiseCounter(storageId, active, signal);
    this.noticed(storageId);
    return true;
  }

  /** The counter up to which snapshots are known to be there without a look at the store; beyond all counters for a model that is not known here. */
  #surelyCut(storageId: string): number {
    const rules = this.parts.rules(storageId);
    // A version of a snapshot tells that there is one, which spares a read for each of thousands of models.
    return rules ? Math.max(this.#cut.get(storageId) ?? 0, rules.active?.snapshot ?? 0) : Number.POSITIVE_INFINITY;
  }

  #keep(task: Promise<unknown>): void {
    this.#background.add(task);
    void task.finally(() => this.#background.delete(task));
  }
}
