import { asFaceHashError, backoffMs, type Clock, FaceHashError, type Logger, type Random } from '@facehash/kernel';
import type { ReplicaReport } from '@facehash/messaging-core';
import type { LoadedVersion } from './load-version.js';
import { Slot } from './slot.js';

const RETRY = { firstMs: 200, maxMs: 10_000 };

export interface HeldModelParts {
  readonly storageId: string;
  /** Brings a version into memory, or rejects: with the signal's reason once that aborts. */
  readonly load: (version: string, signal: AbortSignal) => Promise<LoadedVersion>;
  /** What the newest state says; null: no version. */
  readonly plan: () => Plan;
  /** Called when another version answers. */
  readonly onSwap: (version: LoadedVersion) => void;
  /** Called when the replica's report is out of date. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Names of versions. */
export interface Plan {
  readonly active: string | null;
  readonly target: string | null;
  /** What this replica is to answer with: the target where it is named for it, else the active version. */
  readonly wanted: string | null;
}

/** The way to one version, until it answers, can't, or another one is wanted. */
interface TakeOver {
  readonly version: string | null;
  readonly superseded: AbortController;
}

/**
 * One model as this replica holds it. Loads go one after another, each in a turn of its own: between two attempts at a
 * target, a request for a model that is cold gets its turn and is answered by the active version.
 */
export class HeldModel {
  readonly slot = new Slot();
  verifiedCold: string | null = null;
  /** Of the version that is being taken over, the last failure; an attempt at another one ends it. */
  failed: ReplicaReport['failed'] = null;
  readonly #ended = new AbortController();
  #turn: Promise<void> = Promise.resolve();
  #warming: Promise<void> | undefined;
  #takeOver: TakeOver | undefined;

  constructor(private readonly parts: HeldModelParts) {}

  /** Loads the active version where none is held: once for everybody who waits, and to the end for whoever asks next. */
  warm(): Promise<void> {
    this.#warming ??= this.#inTurn(() => this.#loadActive()).finally(() => {
      this.#warming = undefined;
    });
    return this.#warming;
  }

  /** Has `version` answer; tries again while the store is away. An earlier call for another version is given up. */
  takeOver(version: string | null): void {
    if (this.#takeOver?.version === version || this.#ended.signal.aborted) return;
    this.#takeOver?.superseded.abort();
    if (this.failed?.version !== version) this.failed = null;
    const way: TakeOver = { version, superseded: new AbortController() };
    this.#takeOver = way;
    void this.#go(way, AbortSignal.any([way.superseded.signal, this.#ended.signal]));
  }

  /** Lets go of the version and of what is being loaded; whoever waits for it gets `reason`. Resolves when nothing is under way. */
  async end(reason: FaceHashError): Promise<void> {
    this.#ended.abort(reason);
    this.slot.swap(undefined);
    await this.#turn;
  }

  async #loadActive(): Promise<void> {
    if (this.slot.answering !== null) return;
    const { active, wanted } = this.parts.plan();
    if (active === null) throw new FaceHashError('MODEL_NOT_READY', { storageId: this.parts.storageId });
    await this.#load(active, this.#ended.signal);
    // The target may have answered here before the cache let it go. What cannot be repaired is not tried again.
    if (this.failed?.kind !== 'artifact') this.takeOver(wanted);
  }

  async #go(way: TakeOver, signal: AbortSignal): Promise<void> {
    for (let failures = 0; await this.#inTurn(() => this.#attempt(way, signal)); failures++) {
      const pauseMs = backoffMs(failures, RETRY, this.parts.random) + RETRY.firstMs / 2;
      await this.parts.clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  /** True: it is worth another attempt. */
  async #attempt(way: TakeOver, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    const { version } = way;
    if (version === null) this.#letGo();
    if (version === null || !this.#lacks(version)) return this.#arrived(way);
    try {
      await this.#load(version, signal);
      return this.#arrived(way);
    } catch (error) {
      if (signal.aborted) return false;
      return this.#failing(version, asFaceHashError(error)) || this.#arrived(way);
    }
  }

  /** No version is to answer any more: the last one was withdrawn. */
  #letGo(): void {
    this.slot.swap(undefined);
    this.verifiedCold = null;
  }

  /** A cold model costs nothing until it is asked for, but a target must be judged here. */
  #lacks(version: string): boolean {
    const { answering } = this.slot;
    return answering === null ? this.parts.plan().target === version : answering !== version;
  }

  /** The end of the way is marked in the moment of the decision: a state that comes a moment later begins another one. */
  #arrived(way: TakeOver): false {
    if (this.#takeOver !== way) return false;
    this.#takeOver = undefined;
    this.parts.onChange();
    return false;
  }

  /** Whether waiting may help. */
  #failing(version: string, failure: FaceHashError): boolean {
    const { storageId, logger, onChange } = this.parts;
    // A version of a pipeline that is not served here stays so for as long as this process lives.
    const kind = failure.code === 'ARTIFACT_CORRUPT' || failure.code === 'MODEL_NOT_READY' ? 'artifact' : 'transient';
    logger.warn('version could not be taken over', { storageId, version, kind, error: failure });
    this.failed = { version, kind, code: failure.code, message: failure.message };
    onChange();
    return kind === 'transient';
  }

  async #load(name: string, signal: AbortSignal): Promise<void> {
    const version = await this.parts.load(name, signal);
    // The model was erased, or the version withdrawn, while it was being read: nobody else knows of it, so it is closed here.
    if (signal.aborted) version.model.close();
    signal.throwIfAborted();
    if (this.failed?.version === name) this.failed = null;
    this.verifiedCold = null;
    this.slot.swap(version);
    this.parts.onSwap(version);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }
}
