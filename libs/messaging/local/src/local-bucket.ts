import { FaceHashError } from '@facehash/kernel';
import type { KvBucket, KvChange, KvEntry } from '@facehash/messaging-core';
import { Channel } from './channel.js';

const key = /^[A-Za-z0-9._-]+$/;

/** Tells whether a value is what the bucket holds, and why not. */
export type Check<T> = (value: unknown) => { readonly success: true; readonly data: T } | { readonly success: false; readonly error: Error };

/** A bucket in memory. A watcher that falls behind sees the newest value of each key and not every one: no buffer grows without bound. */
export class LocalBucket<T> implements KvBucket<T> {
  readonly #entries = new Map<string, KvEntry<T>>();
  readonly #watchers = new Set<Channel<KvChange<T>>>();
  #revision = 0;

  constructor(
    private readonly check: Check<T>,
    private readonly closed: AbortSignal,
  ) {}

  async get(name: string, signal?: AbortSignal): Promise<KvEntry<T> | undefined> {
    this.#begin(name, signal);
    const entry = this.#entries.get(name);
    return entry && { ...entry, value: structuredClone(entry.value) };
  }

  async put(name: string, value: T, expected: number | null, signal?: AbortSignal): Promise<number | undefined> {
    this.#begin(name, signal);
    const checked = this.check(value);
    if (!checked.success) throw new FaceHashError('REQUEST_INVALID', { key: name }, { cause: checked.error });
    if ((this.#entries.get(name)?.revision ?? null) !== expected) return undefined;
    const entry = { key: name, value: structuredClone(checked.data), revision: ++this.#revision };
    this.#entries.set(name, entry);
    this.#tell({ kind: 'put', entry });
    return entry.revision;
  }

  async delete(name: string, signal?: AbortSignal): Promise<void> {
    this.#begin(name, signal);
    this.#revision++;
    if (this.#entries.delete(name)) this.#tell({ kind: 'delete', key: name });
  }

  async *watch(signal: AbortSignal): AsyncIterable<KvChange<T>> {
    const channel = new Channel<KvChange<T>>(AbortSignal.any([signal, this.closed]), newestOfEachKey);
    for (const entry of this.#entries.values()) channel.push({ kind: 'put', entry });
    channel.push({ kind: 'synced' });
    this.#watchers.add(channel);
    try {
      yield* channel.values();
    } finally {
      this.#watchers.delete(channel);
    }
  }

  #tell(change: KvChange<T>): void {
    for (const watcher of this.#watchers) watcher.push(change);
  }

  #begin(name: string, signal?: AbortSignal): void {
    signal?.throwIfAborted();
    if (this.closed.aborted) throw new FaceHashError('STORE_UNAVAILABLE', { closed: true });
    if (!key.test(name)) throw new FaceHashError('REQUEST_INVALID', { key: name });
  }
}

function keyOf<T>(change: KvChange<T>): string | undefined {
  if (change.kind === 'put') return change.entry.key;
  return change.kind === 'delete' ? change.key : undefined;
}

/** A newer change takes the place of an older one of its key, so `synced` never overtakes what was there at the beginning. */
function newestOfEachKey<T>(waiting: KvChange<T>[], change: KvChange<T>): KvChange<T>[] {
  const at = waiting.findIndex((w) => keyOf(w) !== undefined && keyOf(w) === keyOf(change));
  if (at >= 0) waiting[at] = change;
  else waiting.push(change);
  return waiting;
}
