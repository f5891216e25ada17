import type { SuperviseOptions } from '@facehash/kernel';
import type { KvBucket, PeopleProjection } from '@facehash/messaging-core';
import { FollowedBucket, type BucketChange } from './followed-bucket.js';

export interface PeopleNames {
  /** Null for a person who was erased or is not known: they are masked. */
  nameOf(storageId: string, personId: string): string | null;
  /** This person is not named here any more, also where the projection that says so cannot be read. */
  mask(storageId: string, personId: string): void;
  /** Whether there is a projection of this model. */
  has(storageId: string): boolean;
  /** Newest revision of the bucket whose change answers here, 0 before the first. */
  readonly seen: number;
  /** Called with the storage id whenever another projection answers here. */
  onChange(listener: (storageId: string) => void): void;
  /** Resolves once everything that was written before has been seen. */
  untilSynced(): Promise<void>;
  close(): Promise<void>;
}

/** Follows the people projections: the one place where ids become names. */
export function openPeopleNames(people: KvBucket<PeopleProjection>, options: Omit<SuperviseOptions, 'what' | 'signal'>): PeopleNames {
  return new Names(people, options);
}

class Names implements PeopleNames {
  readonly #known = new Map<string, PeopleProjection>();
  /** By storage id: who was masked before the projection said so. */
  readonly #masked = new Map<string, Set<string>>();
  readonly #listeners = new Set<(storageId: string) => void>();
  readonly #followed: FollowedBucket<PeopleProjection>;
  #seen = 0;

  constructor(people: KvBucket<PeopleProjection>, options: Omit<SuperviseOptions, 'what' | 'signal'>) {
    this.#followed = new FollowedBucket(people, (change) => this.#take(change), { ...options, what: 'people names' });
  }

  get seen(): number {
    return this.#seen;
  }

  nameOf(storageId: string, personId: string): string | null {
    if (this.#masked.get(storageId)?.has(personId)) return null;
    const projection = this.#known.get(storageId);
    return projection?.tombstones[personId] === undefined ? (projection?.names[personId] ?? null) : null;
  }

  mask(storageId: string, personId: string): void {
    if (this.#known.get(storageId)?.names[personId] === undefined) return;
    const masked = this.#masked.get(storageId) ?? new Set();
    this.#masked.set(storageId, masked.add(personId));
  }

  has(storageId: string): boolean {
    return this.#known.has(storageId);
  }

  onChange(listener: (storageId: string) => void): void {
    this.#listeners.add(listener);
  }

  untilSynced(): Promise<void> {
    return this.#followed.whenSynced;
  }

  async close(): Promise<void> {
    await this.#followed.close();
  }

  #take(change: BucketChange<PeopleProjection>): void {
    const storageId = change.kind === 'put' ? change.entry.key : change.key;
    if (change.kind === 'put') {
      this.#known.set(storageId, change.entry.value);
      this.#forgetMasked(change.entry.value);
      this.#seen = Math.max(this.#seen, change.entry.revision);
    } else this.#known.delete(storageId);
    for (const listener of this.#listeners) listener(storageId);
  }

  /** Whom the projection has no name of is masked by it. */
  #forgetMasked({ storageId, names }: PeopleProjection): void {
    const masked = [...(this.#masked.get(storageId) ?? [])].filter((personId) => names[personId] !== undefined);
    if (masked.length > 0) this.#masked.set(storageId, new Set(masked));
    else this.#masked.delete(storageId);
  }
}
