import type { Clock } from '@facehash/kernel';
import { runOrder, type RunWish, type WaitingWish } from './run-order.js';

/** A run that has begun and is not over. */
export interface RunLoad {
  readonly storageId: string;
  /** It waits for an accelerator, and takes nothing that others could use. */
  readonly parked: boolean;
}

export interface RunQueueOptions {
  /** Runs at once, in the whole cluster. As many again may be parked before those count, too. */
  readonly maxConcurrent: number;
  readonly load: () => readonly RunLoad[];
  readonly clock: Clock;
  /** A wish that is not renewed within this is over. */
  readonly wishMs?: number;
  /** More are not taken: they come again. */
  readonly wishesMax?: number;
}

/** For whoever watches. */
export interface QueueFigures {
  /** Those that have begun, but for the parked. */
  readonly running: number;
  readonly parked: number;
  readonly waiting: number;
  /** Of those that wait; 0 where none does. */
  readonly longestWaitSeconds: number;
}

/** A run that was let begin and is not in the load by now has failed to, or is over. */
const ADMITTED_MS = 120_000;

interface Waiting extends WaitingWish {
  readonly renewedAtMs: number;
}

/**
 * Which of the models that want a run may begin one. Of one process: the leader's, which starts empty; every wish comes again with the next
 * pass over its model.
 */
export class RunQueue {
  readonly #wishes = new Map<string, Waiting>();
  readonly #turns = new Map<string, number>();
  /** By storage id: let begin, and not in the load yet; and when. */
  readonly #admitted = new Map<string, number>();
  #turn = 0;
  /** Undefined when it has to be found anew. */
  #places: ReadonlyMap<string, number> | undefined;

  constructor(private readonly options: RunQueueOptions) {}

  /** Says, again and again, that a model wants a run and has none. A wish keeps its place. */
  want(wish: RunWish): void {
    const nowMs = this.#nowMs;
    this.#admitted.delete(wish.storageId);
    const known = this.#wishes.get(wish.storageId);
    if (known === undefined && this.#wishes.size >= (this.options.wishesMax ?? 100_000)) return;
    if (!this.#turns.has(wish.namespace)) this.#turns.set(wish.namespace, ++this.#turn);
    this.#wishes.set(wish.storageId, { ...wish, sinceMs: known?.sinceMs ?? nowMs, renewedAtMs: nowMs });
    if (known?.upgrade !== wish.upgrade || known.namespace !== wish.namespace) this.#places = undefined;
  }

  /** The model wants no run any more, or is gone. */
  drop(storageId: string): void {
    this.#admitted.delete(storageId);
    if (this.#wishes.delete(storageId)) this.#places = undefined;
  }

  /** Whether one more run, of this model, may begin now. Who never said so comes after all who did. */
  slotFree(storageId: string): boolean {
    if (this.#begun().has(storageId)) return true;
    const places = this.#placesNow();
    return (places.get(storageId) ?? places.size) < this.#free();
  }

  /** Counts the run of this model from now on, if it may begin; whether it may. */
  admit(storageId: string): boolean {
    if (!this.slotFree(storageId)) return false;
    const wish = this.#wishes.get(storageId);
    if (wish !== undefined) this.#turns.set(wish.namespace, ++this.#turn);
    this.#wishes.delete(storageId);
    this.#places = undefined;
    this.#admitted.set(storageId, this.#nowMs);
    return true;
  }

  /** 0: it has begun; from 1: its place; null: it wants none. */
  queuePosition(storageId: string): number | null {
    if (this.#begun().has(storageId)) return 0;
    const place = this.#placesNow().get(storageId);
    return place === undefined ? null : place + 1;
  }

  /** Whose turn it is: whoever looks after them needs no polling of all who wait. */
  next(): readonly string[] {
    return [...this.#placesNow().keys()].slice(0, Math.max(0, this.#free()));
  }

  figures(): QueueFigures {
    const parked = this.options.load().filter((run) => run.parked).length;
    this.#expire();
    const oldestMs = [...this.#wishes.values()].reduce((oldest, { sinceMs }) => Math.min(oldest, sinceMs), this.#nowMs);
    return {
      running: this.#begun().size - parked,
      parked,
      waiting: this.#wishes.size,
      longestWaitSeconds: (this.#nowMs - oldestMs) / 1000,
    };
  }

  get #nowMs(): number {
    return this.options.clock.now().getTime();
  }

  #free(): number {
    const { maxConcurrent, load } = this.options;
    const loads = load();
    const parked = loads.filter((run) => run.parked).length;
    const taken = this.#begun().size - parked + Math.max(0, parked - maxConcurrent);
    return maxConcurrent - taken;
  }

  /** Everything that counts: in the load, or on its way there. */
  #begun(): ReadonlySet<string> {
    const begun = new Set(this.options.load().map(({ storageId }) => storageId));
    for (const [storageId, atMs] of this.#admitted) {
      if (begun.has(storageId) || atMs + ADMITTED_MS < this.#nowMs) this.#admitted.delete(storageId);
      else begun.add(storageId);
    }
    return begun;
  }

  /** In their order. */
  #placesNow(): ReadonlyMap<string, number> {
    this.#expire();
    this.#places ??= new Map(runOrder([...this.#wishes.values()], this.#turns).map((storageId, place) => [storageId, place]));
    return this.#places;
  }

  #expire(): void {
    const latestMs = this.#nowMs - (this.options.wishMs ?? 300_000);
    for (const { storageId, renewedAtMs } of this.#wishes.values()) if (renewedAtMs < latestMs) this.drop(storageId);
    if (this.#places !== undefined) return;
    // One that comes back later has its turn after all that are here.
    const present = new Set([...this.#wishes.values()].map(({ namespace }) => namespace));
    for (const namespace of this.#turns.keys()) if (!present.has(namespace)) this.#turns.delete(namespace);
  }
}
