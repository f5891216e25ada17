import { apiKeyHash, isApiKey } from '@facehash/facemodel';
import { FaceHashError, type SuperviseOptions } from '@facehash/kernel';
import type { KvBucket, ModelState } from '@facehash/messaging-core';
import { FollowedBucket, type BucketChange } from './followed-bucket.js';
import type { ModelDirectory } from './types.js';

type Listener = (state: ModelState) => void;

export interface WatchedDirectory extends ModelDirectory {
  /** Called with every state that replaces an older one, tombstones included. */
  onChange(listener: Listener): void;
  /** What was last said of models that are gone. */
  tombstones(): readonly ModelState[];
  /** Resolves once everything that was published before has been seen. */
  untilSynced(): Promise<void>;
  close(): Promise<void>;
}

export interface DirectoryOptions extends Omit<SuperviseOptions, 'what' | 'signal'> {
  /** What else must have been seen before the directory counts as synced. */
  readonly syncedAfter?: Promise<void>;
  /** Storage id of the one model that counts here. */
  readonly only?: string | undefined;
}

/** Follows what the controller publishes. A watch that breaks is begun again; meanwhile the last known state answers. */
export function openModelDirectory(models: KvBucket<ModelState>, options: DirectoryOptions): WatchedDirectory {
  return new Directory(models, options);
}

class Directory implements WatchedDirectory {
  /** Tombstones stay: a controller that was deposed must not bring an erased model back. */
  readonly #newest = new Map<string, ModelState>();
  readonly #byKey = new Map<string, string>();
  readonly #listeners = new Set<Listener>();
  readonly #followed: FollowedBucket<ModelState>;
  readonly #whenSynced: Promise<void>;
  #synced = false;

  constructor(
    models: KvBucket<ModelState>,
    private readonly options: DirectoryOptions,
  ) {
    this.#followed = new FollowedBucket(models, { take: (change) => this.#heard(change) }, { ...options, what: 'model directory' });
    this.#whenSynced = Promise.all([this.#followed.whenSynced, options.syncedAfter]).then(() => void (this.#synced = true));
  }

  get synced(): boolean {
    return this.#synced;
  }

  byApiKey(apiKey: string): ModelState | undefined {
    const storageId = isApiKey(apiKey) ? this.#byKey.get(apiKeyHash(apiKey)) : undefined;
    return storageId === undefined ? undefined : this.byStorageId(storageId);
  }

  byStorageId(storageId: string): ModelState | undefined {
    const state = this.#newest.get(storageId);
    return state?.tombstone ? undefined : state;
  }

  all(): readonly ModelState[] {
    return [...this.#newest.values()].filter((state) => !state.tombstone);
  }

  tombstones(): readonly ModelState[] {
    return [...this.#newest.values()].filter((state) => state.tombstone);
  }

  until(storageId: string, accept: (state: ModelState) => boolean, signal: AbortSignal): Promise<ModelState> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const settles = (state: ModelState): boolean => {
        if (accept(state)) resolve(state);
        else if (state.tombstone) reject(new FaceHashError('API_KEY_INVALID', { storageId, erased: true }));
        else return false;
        return true;
      };
      const current = this.#newest.get(storageId);
      if (current && settles(current)) return;
      const done = (): void => {
        this.#listeners.delete(listener);
        signal.removeEventListener('abort', onAbort);
      };
      const listener = (state: ModelState): void => {
        if (state.storageId === storageId && settles(state)) done();
      };
      const onAbort = (): void => {
        done();
        reject(signal.reason);
      };
      this.#listeners.add(listener);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  onChange(listener: Listener): void {
    this.#listeners.add(listener);
  }

  untilSynced(): Promise<void> {
    return this.#whenSynced;
  }

  async close(): Promise<void> {
    await this.#followed.close();
  }

  /** Only a tombstone ends a model: a key that is gone may come back with the next publication. */
  #heard(change: BucketChange<ModelState>): void {
    if (change.kind === 'put' && this.#counts(change.entry.key)) this.#take(change.entry.value);
  }

  #counts(storageId: string): boolean {
    return this.options.only === undefined || this.options.only === storageId;
  }

  #take(state: ModelState): void {
    const { storageId } = state;
    const before = this.#newest.get(storageId);
    if (before && isOlder(state, before)) return;
    this.#newest.set(storageId, state);
    // A key may have gone over to a model that was made anew: only its owner gives it up.
    for (const hash of before?.apiKeyHashes ?? []) if (this.#byKey.get(hash) === storageId) this.#byKey.delete(hash);
    if (!state.tombstone) for (const hash of state.apiKeyHashes) this.#byKey.set(hash, storageId);
    for (const listener of [...this.#listeners]) listener(state);
  }
}

/** A controller that was deposed may still be writing: its term, or within a term its sequence, is lower. */
function isOlder({ fence: a }: ModelState, { fence: b }: ModelState): boolean {
  return a.term < b.term || (a.term === b.term && a.sequence < b.sequence);
}
