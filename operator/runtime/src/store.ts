import type { ObjectMeta } from './raw-object.js';

/** What a cache holds: whatever a transform made of an object, as long as it says who it is. */
export interface Cached {
  readonly metadata: ObjectMeta;
}

/** The values under which an object is found. Called for each object whenever it changes, so it must be cheap and pure. */
export type IndexOf<T> = (object: T) => readonly string[];

/** Objects by their key, and by what indexes say of them. */
export class Store<T extends Cached> {
  readonly #objects = new Map<string, T>();
  readonly #keys = new Map<string, Map<string, Set<string>>>();

  constructor(private readonly indexes: Readonly<Record<string, IndexOf<T>>> = {}) {
    for (const name of Object.keys(indexes)) this.#keys.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  /** @throws {TypeError} for an index that nobody declared: an empty answer would hide the mistake */
  byIndex(name: string, value: string): readonly T[] {
    const index = this.#keys.get(name);
    if (index === undefined) throw new TypeError(`there is no index ${name}`);
    return [...(index.get(value) ?? [])].map((key) => this.#objects.get(key)).filter((object) => object !== undefined);
  }

  /** What was there before. */
  set(key: string, object: T): T | undefined {
    // Asked first: an index that throws must not leave half of a change behind.
    const found = Object.entries(this.indexes).map(([name, index]) => [name, index(object)] as const);
    const previous = this.delete(key);
    this.#objects.set(key, object);
    for (const [name, values] of found) {
      const index = this.#keys.get(name);
      for (const value of values) index?.set(value, (index.get(value) ?? new Set<string>()).add(key));
    }
    return previous;
  }

  /** What was there. */
  delete(key: string): T | undefined {
    const previous = this.#objects.get(key);
    if (previous === undefined) return undefined;
    this.#objects.delete(key);
    for (const [name, index] of Object.entries(this.indexes)) {
      for (const value of index(previous)) this.#unlink(name, value, key);
    }
    return previous;
  }

  #unlink(name: string, value: string, key: string): void {
    const index = this.#keys.get(name);
    const keys = index?.get(value);
    keys?.delete(key);
    if (keys?.size === 0) index?.delete(value);
  }
}
