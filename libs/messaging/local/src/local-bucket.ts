import { FaceHashError } from '@facehash/kernel';
import { checkBucketKey, type KvBucket, type KvChange, type KvEntry } from '@facehash/messaging-core';
import { atOnce } from './at-once.js';
import { Bell } from './bell.js';
import { frozenCopy } from './frozen.js';

/** Tells whether a value is what the bucket holds, and why not. */
export type Check<T> = (
  value: unknown,
) => { readonly success: true; readonly data: T } | { readonly success: false; readonly error: Error };

/** No key is empty, so this place in a watcher's line is free. */
const SYNCED = '';

/** A bucket in memory. */
export class LocalBucket<T> implements KvBucket<T> {
  readonly #entries = new Map<string, KvEntry<T>>();
  readonly #watchers = new Set<(key: string, change: KvChange<T>) => void>();
  #revision = 0;

  constructor(
    private readonly check: Check<T>,
    private readonly closed: AbortSignal,
  ) {}

  get(key: string, signal?: AbortSignal): Promise<KvEntry<T> | undefined> {
    return atOnce(() => {
      this.#begin(key, signal);
      return this.#entries.get(key);
    });
  }
  put(key: string, value: T, expected: number | null, signal?: AbortSignal): Promise<number | undefined> {
    return atOnce(() => {
      this.#begin(key, signal);
      return this.#put(key, value, expected);
    });
  }

  delete(key: string, signal?: AbortSignal): Promise<void> {
    return atOnce(() => {
      this.#begin(key, signal);
      if (!this.#entries.delete(key)) return;
      this.#revision++;
      this.#tell(key, { kind: 'delete', key });
    });
  }

  /** A newer change takes the place of one of its key that is still waiting: no line is longer than there are keys, and `synced` stays behind what was there. */
  async *watch(signal: AbortSignal): AsyncIterable<KvChange<T>> {
    const end = AbortSignal.any([signal, this.closed]);
    const bell = new Bell();
    const line = new Map<string, KvChange<T>>();
    for (const [key, entry] of this.#entries) line.set(key, { kind: 'put', entry });
    line.set(SYNCED, { kind: 'synced' });
    const tell = (key: string, change: KvChange<T>): void => {
      line.set(key, change);
      bell.ring();
    };
    this.#watchers.add(tell);
    try {
      while (!end.aborted) {
        const [first] = line;
        if (!first) await bell.heard(end);
        else {
          line.delete(first[0]);
          yield first[1];
        }
      }
    } finally {
      this.#watchers.delete(tell);
    }
  }

  #put(key: string, value: T, expected: number | null): number | undefined {
    const checked = this.check(value);
    if (!checked.success) throw new FaceHashError('REQUEST_INVALID', { key }, { cause: checked.error });
    if ((this.#entries.get(key)?.revision ?? null) !== expected) return undefined;
    const entry = Object.freeze({ key, value: frozenCopy(checked.data), revision: ++this.#revision });
    this.#entries.set(key, entry);
    this.#tell(key, { kind: 'put', entry });
    return entry.revision;
  }

  #tell(key: string, change: KvChange<T>): void {
    for (const tell of this.#watchers) tell(key, change);
  }

  #begin(key: string, signal?: AbortSignal): void {
    checkBucketKey(key);
    signal?.throwIfAborted();
    if (this.closed.aborted) throw new FaceHashError('STORE_UNAVAILABLE', { closed: true });
  }
}
