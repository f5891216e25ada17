import { sha256Hex } from '@facehash/kernel';
import { checkKey, checkPrefix } from '../keys.js';
import type { ObjectInfo, ObjectStore, StoredObject } from '../ports.js';

/** The fake: same contract, in memory. */
export class InMemoryObjectStore implements ObjectStore {
  /** The next call throws this once: how a test says "the store was down". */
  nextError: Error | undefined;
  /** Keys of every object that was written, in the order of the writes. */
  readonly writes: string[] = [];
  readonly #objects = new Map<string, StoredObject>();

  async create(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<'created' | 'exists'> {
    this.#begin(key, signal);
    if (this.#objects.has(key)) return 'exists';
    this.#write(key, bytes);
    return 'created';
  }

  async read(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    this.#begin(key, signal);
    const object = this.#objects.get(key);
    return object && { bytes: object.bytes.slice(), revision: object.revision };
  }

  async replace(key: string, bytes: Uint8Array, expected: string | null, signal?: AbortSignal): Promise<string | undefined> {
    this.#begin(key, signal);
    if ((this.#objects.get(key)?.revision ?? null) !== expected) return undefined;
    return this.#write(key, bytes);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectInfo> {
    checkPrefix(prefix);
    signal?.throwIfAborted();
    this.#maybeFail();
    for (const key of [...this.#objects.keys()].filter((k) => k.startsWith(prefix)).sort()) {
      signal?.throwIfAborted();
      const object = this.#objects.get(key);
      if (object) yield { key, sizeBytes: object.bytes.length };
    }
  }

  async remove(key: string, signal?: AbortSignal): Promise<void> {
    this.#begin(key, signal);
    this.#objects.delete(key);
  }

  #write(key: string, bytes: Uint8Array): string {
    const revision = sha256Hex(bytes).slice(0, 32);
    this.#objects.set(key, { bytes: bytes.slice(), revision });
    this.writes.push(key);
    return revision;
  }

  #begin(key: string, signal?: AbortSignal): void {
    checkKey(key);
    signal?.throwIfAborted();
    this.#maybeFail();
  }

  #maybeFail(): void {
    const error = this.nextError;
    this.nextError = undefined;
    if (error) throw error;
  }
}
