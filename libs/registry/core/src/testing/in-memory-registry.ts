import { FaceHashError } from '@facehash/kernel';
import type { Page, PageRequest, Person, Photo, Registry, SampleCounts } from '../ports.js';

/** The fake: same contract, in memory. */
export class InMemoryRegistry implements Registry {
  /** The next call throws this once: how a test says "the registry was down". */
  nextError: Error | undefined;
  readonly #people = new Map<string, Person>();
  readonly #photos = new Map<string, Photo>();
  readonly #counters = new Map<string, number>();

  async createPerson(person: Person, signal?: AbortSignal): Promise<{ outcome: 'created' | 'exists'; person: Person }> {
    this.#begin(signal);
    const known = this.#of(person.storageId).find((p) => p.name === person.name || p.id === person.id);
    if (known) return { outcome: 'exists', person: known };
    this.#people.set(person.id, person);
    return { outcome: 'created', person };
  }

  async person(storageId: string, id: string, signal?: AbortSignal): Promise<Person | undefined> {
    this.#begin(signal);
    return this.#of(storageId).find((p) => p.id === id);
  }

  async personByName(storageId: string, name: string, signal?: AbortSignal): Promise<Person | undefined> {
    this.#begin(signal);
    return this.#of(storageId).find((p) => p.name === name);
  }

  async people(storageId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Person>> {
    this.#begin(signal);
    return pageOf(this.#of(storageId), page, (p) => p.id);
  }

  async changePerson(storageId: string, id: string, change: Partial<Pick<Person, 'name' | 'externalId' | 'metadata'>>, signal?: AbortSignal): Promise<Person | undefined> {
    this.#begin(signal);
    const person = this.#of(storageId).find((p) => p.id === id);
    if (!person) return undefined;
    if (this.#of(storageId).some((p) => p.id !== id && p.name === change.name)) throw new FaceHashError('PERSON_EXISTS', { name: change.name });
    const changed = { ...person, ...change };
    this.#people.set(id, changed);
    return changed;
  }

  async addPhoto(photo: Photo, signal?: AbortSignal): Promise<'added' | 'duplicate'> {
    this.#begin(signal);
    if (!this.#of(photo.storageId).some((p) => p.id === photo.personId)) throw new FaceHashError('PERSON_NOT_FOUND', { id: photo.personId });
    const key = `${photo.storageId}/${photo.personId}/${photo.sha256}`;
    if (this.#photos.has(key)) return 'duplicate';
    this.#photos.set(key, photo);
    return 'added';
  }

  async photosBySha256(storageId: string, sha256: string, signal?: AbortSignal): Promise<readonly Photo[]> {
    this.#begin(signal);
    return this.#photosOf(storageId).filter((p) => p.sha256 === sha256);
  }

  async photos(storageId: string, personId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Photo>> {
    this.#begin(signal);
    const own = this.#photosOf(storageId).filter((p) => p.personId === personId);
    return pageOf(own, page, (p) => p.sha256);
  }

  async *allPhotos(storageId: string, signal?: AbortSignal): AsyncIterable<Photo> {
    this.#begin(signal);
    yield* this.#photosOf(storageId);
  }

  async counts(storageId: string, signal?: AbortSignal): Promise<SampleCounts> {
    this.#begin(signal);
    return { people: this.#of(storageId).length, photos: this.#photosOf(storageId).length };
  }

  async bumpCounter(storageId: string, signal?: AbortSignal): Promise<number> {
    this.#begin(signal);
    const next = (this.#counters.get(storageId) ?? 0) + 1;
    this.#counters.set(storageId, next);
    return next;
  }

  async counter(storageId: string, signal?: AbortSignal): Promise<number> {
    this.#begin(signal);
    return this.#counters.get(storageId) ?? 0;
  }

  async *counters(signal?: AbortSignal): AsyncIterable<{ storageId: string; counter: number }> {
    this.#begin(signal);
    for (const [storageId, counter] of [...this.#counters].sort()) yield { storageId, counter };
  }

  #of(storageId: string): Person[] {
    return [...this.#people.values()].filter((p) => p.storageId === storageId);
  }

  /** Ordered by (personId, sha256). */
  #photosOf(storageId: string): Photo[] {
    const own = [...this.#photos].filter(([, p]) => p.storageId === storageId);
    return own.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, photo]) => photo);
  }

  #begin(signal?: AbortSignal): void {
    signal?.throwIfAborted();
    const error = this.nextError;
    this.nextError = undefined;
    if (error) throw error;
  }
}

function pageOf<T>(items: readonly T[], { after, limit }: PageRequest, key: (item: T) => string): Page<T> {
  const sorted = items.filter((item) => after === undefined || key(item) > after).sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const page = sorted.slice(0, limit);
  const last = page.at(-1);
  return { items: page, next: sorted.length > limit && last ? key(last) : null };
}
