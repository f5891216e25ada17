import type { SuperviseOptions } from '@facehash/kernel';
import type { KvBucket, PeopleProjection } from '@facehash/messaging-core';
import { FollowedBucket, type BucketChange } from './followed-bucket.js';

export interface PeopleNames {
  /** Null for a person who was erased or is not known: they are masked. */
  nameOf(storageId: string, personId: string): string | null;
  /** This person is not named here any more, also where the projection that says so cannot be read. */
  mask(storageId: string, personId: string): void;
  /** Whether there is a projection of this model, as far as the bucket has been read. */
  has(storageId: string): boolean;
  /** Newest revision of the bucket whose change answers here, 0 before the first, of a bucket that was made anew, too. */
  readonly seen: number;
  /** Called with the storage id whenever another projection answers here. */
  onChange(listener: (storageId: string) => void): void;
  /** Called with whoever is not named here any more: erased or masked. */
  onGone(listener: (storageId: string, gone: Gone) => void): void;
  /** Called with the storage id of a model that is not in the bucket any more though nobody deleted it: its names answer on, and nobody else gets them. */
  onLost(listener: (storageId: string) => void): void;
  /** Resolves once everything that was written before has been seen. */
  untilSynced(): Promise<void>;
  close(): Promise<void>;
}

/** Ids of people, or all those of a model that was erased. */
export type Gone = readonly string[] | 'everybody';

/** Follows the people projections: the one place where ids become names. */
export function openPeopleNames(people: KvBucket<PeopleProjection>, options: Omit<SuperviseOptions, 'what' | 'signal'>): PeopleNames {
  return new Names(people, options);
}

class Names implements PeopleNames {
  readonly #known = new Map<string, PeopleProjection>();
  /** By storage id: who was masked before the projection said so. */
  readonly #masked = new Map<string, Set<string>>();
  readonly #listeners = new Set<(storageId: string) => void>();
  readonly #goneListeners = new Set<(storageId: string, gone: Gone) => void>();
  readonly #lostListeners = new Set<(storageId: string) => void>();
  readonly #followed: FollowedBucket<PeopleProjection>;
  /** In the bucket, as the watch that runs has read it. */
  readonly #there = new Set<string>();
  #seen = 0;

  constructor(people: KvBucket<PeopleProjection>, options: Omit<SuperviseOptions, 'what' | 'signal'>) {
    const follower = {
      take: (change: BucketChange<PeopleProjection>) => this.#take(change),
      synced: () => this.#missing(),
      broke: () => this.#begin(),
    };
    this.#followed = new FollowedBucket(people, follower, { ...options, what: 'people names' });
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
    if (masked.has(personId)) return;
    this.#masked.set(storageId, masked.add(personId));
    this.#tellGone(storageId, [personId]);
  }

  has(storageId: string): boolean {
    return this.#there.has(storageId);
  }

  onChange(listener: (storageId: string) => void): void {
    this.#listeners.add(listener);
  }

  onGone(listener: (storageId: string, gone: Gone) => void): void {
    this.#goneListeners.add(listener);
  }

  onLost(listener: (storageId: string) => void): void {
    this.#lostListeners.add(listener);
  }

  untilSynced(): Promise<void> {
    return this.#followed.whenSynced;
  }

  async close(): Promise<void> {
    await this.#followed.close();
  }

  #take(change: BucketChange<PeopleProjection>): void {
    const storageId = change.kind === 'put' ? change.entry.key : change.key;
    const before = this.#known.get(storageId);
    if (change.kind === 'put') {
      this.#there.add(storageId);
      this.#known.set(storageId, change.entry.value);
      this.#forgetMasked(change.entry.value);
      this.#seen = Math.max(this.#seen, change.entry.revision);
    } else {
      this.#there.delete(storageId);
      this.#known.delete(storageId);
    }
    for (const listener of this.#listeners) listener(storageId);
    this.#tellGone(storageId, change.kind === 'put' ? goneSince(before, change.entry.value) : 'everybody');
  }

  #tellGone(storageId: string, gone: Gone): void {
    if (gone.length > 0) for (const listener of this.#goneListeners) listener(storageId, gone);
  }

  /** What was known still answers, but says nothing of what is in the bucket. */
  #begin(): void {
    this.#there.clear();
    this.#seen = 0;
  }

  #missing(): void {
    const lost = [...this.#known.keys()].filter((storageId) => !this.#there.has(storageId));
    for (const storageId of lost) for (const listener of [...this.#listeners, ...this.#lostListeners]) listener(storageId);
  }

  /** Whom the projection has no name of is masked by it. */
  #forgetMasked({ storageId, names }: PeopleProjection): void {
    const masked = [...(this.#masked.get(storageId) ?? [])].filter((personId) => names[personId] !== undefined);
    if (masked.length > 0) this.#masked.set(storageId, new Set(masked));
    else this.#masked.delete(storageId);
  }
}

/** Also whoever came and went between two changes that were seen: a tombstone is all that was seen of them. */
function goneSince(before: PeopleProjection | undefined, { names, tombstones }: PeopleProjection): readonly string[] {
  const unnamed = Object.keys(before?.names ?? {}).filter((id) => names[id] === undefined);
  const buried = Object.keys(tombstones).filter((id) => before?.tombstones[id] === undefined);
  return [...new Set([...unnamed, ...buried])];
}
