import { FaceHashError } from '@facehash/kernel';
import { checkPage, pageOf } from '../pages.js';
import type { Erasure, Page, PageRequest, Person, Photo, PhotoRemoval, PhotoToAdd, Registry, SampleCounts } from '../ports.js';

/** The fake: same contract, in memory. */
export class InMemoryRegistry implements Registry {
  /** The next call throws this once: how a test says "the registry was down". */
  nextError: Error | undefined;
  /** By storage id and id. */
  readonly #people = new Map<string, Person>();
  /** By storage id, person and digest. */
  readonly #photos = new Map<string, Photo>();
  readonly #counters = new Map<string, number>();
  /** By storage id and person. */
  readonly #erasures = new Map<string, Erasure>();
  /** By storage id, person and digest. */
  readonly #removals = new Map<string, PhotoRemoval>();

  async createPerson(person: Person, signal?: AbortSignal): Promise<{ outcome: 'created' | 'exists'; person: Person }> {
    this.#begin(signal);
    const own = this.#peopleOf(person.storageId);
    const known = own.find((p) => p.name === person.name) ?? own.find((p) => p.id === person.id);
    if (known) return { outcome: 'exists', person: structuredClone(known) };
    this.#people.set(`${person.storageId}/${person.id}`, structuredClone(person));
    return { outcome: 'created', person };
  }

  async person(storageId: string, id: string, signal?: AbortSignal): Promise<Person | undefined> {
    this.#begin(signal);
    return structuredClone(this.#people.get(`${storageId}/${id}`));
  }

  async personByName(storageId: string, name: string, signal?: AbortSignal): Promise<Person | undefined> {
    this.#begin(signal);
    return structuredClone(this.#peopleOf(storageId).find((p) => p.name === name));
  }

  async people(storageId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Person>> {
    this.#begin(signal);
    return pageAfter(this.#peopleOf(storageId), page, (p) => p.id);
  }

  async changePerson(
    storageId: string,
    id: string,
    change: Partial<Pick<Person, 'name' | 'externalId' | 'metadata'>>,
    signal?: AbortSignal,
  ): Promise<Person | undefined> {
    this.#begin(signal);
    const person = this.#people.get(`${storageId}/${id}`);
    if (!person) return undefined;
    if (this.#peopleOf(storageId).some((p) => p.id !== id && p.name === change.name)) throw new FaceHashError('PERSON_EXISTS', { id });
    const changed = structuredClone({ ...person, ...change });
    this.#people.set(`${storageId}/${id}`, changed);
    return structuredClone(changed);
  }

  async addPhoto({ shared, ...photo }: PhotoToAdd, signal?: AbortSignal): Promise<'added' | 'duplicate' | 'otherPerson' | 'beingRemoved'> {
    this.#begin(signal);
    const person = `${photo.storageId}/${photo.personId}`;
    if (!this.#people.has(person)) throw new FaceHashError('PERSON_NOT_FOUND', { id: photo.personId });
    const key = `${person}/${photo.sha256}`;
    if (this.#photos.has(key)) return 'duplicate';
    if (!shared && this.#photosOf(photo.storageId).some((p) => p.sha256 === photo.sha256)) return 'otherPerson';
    if (this.#removals.has(key)) return 'beingRemoved';
    this.#photos.set(key, structuredClone(photo));
    return 'added';
  }

  async photo(storageId: string, personId: string, sha256: string, signal?: AbortSignal): Promise<Photo | undefined> {
    this.#begin(signal);
    return structuredClone(this.#photos.get(`${storageId}/${personId}/${sha256}`));
  }

  async photosBySha256(storageId: string, sha256: string, signal?: AbortSignal): Promise<readonly Photo[]> {
    this.#begin(signal);
    return structuredClone(this.#photosOf(storageId).filter((p) => p.sha256 === sha256));
  }

  async photos(storageId: string, personId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Photo>> {
    this.#begin(signal);
    const own = this.#photosOf(storageId).filter((p) => p.personId === personId);
    return pageAfter(own, page, (p) => p.sha256);
  }

  async *allPhotos(storageId: string, signal?: AbortSignal): AsyncIterable<Photo> {
    this.#begin(signal);
    for (const photo of this.#photosOf(storageId)) {
      signal?.throwIfAborted();
      yield structuredClone(photo);
    }
  }

  async counts(storageId: string, signal?: AbortSignal): Promise<SampleCounts> {
    this.#begin(signal);
    return { people: this.#peopleOf(storageId).length, photos: this.#photosOf(storageId).length };
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

  async raiseCounter(storageId: string, value: number, signal?: AbortSignal): Promise<number> {
    this.#begin(signal);
    const raised = Math.max(this.#counters.get(storageId) ?? 0, value);
    this.#counters.set(storageId, raised);
    return raised;
  }

  async *counters(signal?: AbortSignal): AsyncIterable<{ storageId: string; counter: number }> {
    this.#begin(signal);
    for (const [storageId, counter] of [...this.#counters].sort(([a], [b]) => (a < b ? -1 : 1))) yield { storageId, counter };
  }

  async erasePerson(storageId: string, id: string, at: string, signal?: AbortSignal): Promise<Erasure | undefined> {
    this.#begin(signal);
    const key = `${storageId}/${id}`;
    const known = this.#erasures.get(key);
    if (known || !this.#people.has(key)) return structuredClone(known);
    const own = this.#photosOf(storageId).filter((p) => p.personId === id);
    const erasure = { storageId, personId: id, requestedAt: at, photos: own.length, maskedAt: null, completedAt: null };
    this.#erasures.set(key, erasure);
    for (const { sha256 } of own) {
      this.#removals.set(`${key}/${sha256}`, { storageId, personId: id, sha256, removedAt: at });
      this.#photos.delete(`${key}/${sha256}`);
    }
    this.#people.delete(key);
    return { ...erasure };
  }

  async erasure(storageId: string, personId: string, signal?: AbortSignal): Promise<Erasure | undefined> {
    this.#begin(signal);
    return structuredClone(this.#erasures.get(`${storageId}/${personId}`));
  }

  async erasures(storageId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Erasure>> {
    this.#begin(signal);
    const own = [...this.#erasures.values()].filter((e) => e.storageId === storageId);
    return pageAfter(own, page, (e) => e.personId);
  }

  async *openErasures(signal?: AbortSignal): AsyncIterable<Erasure> {
    this.#begin(signal);
    for (const erasure of inOrder(this.#erasures)) if (erasure.completedAt === null) yield erasure;
  }

  async advanceErasure(
    storageId: string,
    personId: string,
    { maskedAt, completedAt }: { readonly maskedAt?: string; readonly completedAt?: string },
    signal?: AbortSignal,
  ): Promise<Erasure | undefined> {
    this.#begin(signal);
    const known = this.#erasures.get(`${storageId}/${personId}`);
    if (!known) return undefined;
    const advanced = { ...known, maskedAt: known.maskedAt ?? maskedAt ?? null, completedAt: known.completedAt ?? completedAt ?? null };
    this.#erasures.set(`${storageId}/${personId}`, advanced);
    return { ...advanced };
  }

  async removePhoto({ storageId, personId, sha256, removedAt }: PhotoRemoval, signal?: AbortSignal): Promise<boolean> {
    this.#begin(signal);
    const key = `${storageId}/${personId}/${sha256}`;
    if (!this.#photos.delete(key)) return false;
    this.#removals.set(key, { storageId, personId, sha256, removedAt });
    return true;
  }

  async *removals(signal?: AbortSignal): AsyncIterable<PhotoRemoval> {
    this.#begin(signal);
    yield* inOrder(this.#removals);
  }

  async removalDone({ storageId, personId, sha256 }: Omit<PhotoRemoval, 'removedAt'>, signal?: AbortSignal): Promise<void> {
    this.#begin(signal);
    this.#removals.delete(`${storageId}/${personId}/${sha256}`);
  }

  async eraseModel(storageId: string, signal?: AbortSignal): Promise<void> {
    this.#begin(signal);
    for (const rows of [this.#photos, this.#people, this.#erasures, this.#removals])
      for (const [key, row] of [...rows]) if (row.storageId === storageId) rows.delete(key);
    this.#counters.delete(storageId);
  }

  #peopleOf(storageId: string): readonly Person[] {
    return [...this.#people.values()].filter((p) => p.storageId === storageId);
  }

  /** Ordered by (personId, sha256). */
  #photosOf(storageId: string): readonly Photo[] {
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

function inOrder<T>(byKey: ReadonlyMap<string, T>): readonly T[] {
  return structuredClone([...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value));
}

function pageAfter<T>(items: readonly T[], request: PageRequest, keyOf: (item: T) => string): Page<T> {
  checkPage(request);
  const { after = '', limit } = request;
  const rest = items.filter((item) => keyOf(item) > after).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return pageOf(structuredClone(rest), limit, keyOf);
}
