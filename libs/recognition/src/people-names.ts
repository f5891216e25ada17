import { supervise, type SuperviseOptions } from '@facehash/kernel';
import type { KvBucket, KvChange, PeopleProjection } from '@facehash/messaging-core';

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
  readonly #stop = new AbortController();
  readonly #known = new Map<string, PeopleProjection>();
  /** By storage id: who was masked before the projection said so. */
  readonly #masked = new Map<string, Set<string>>();
  readonly #listeners = new Set<(storageId: string) => void>();
  readonly #following: Promise<void>;
  readonly #whenSynced: Promise<void>;
  #seen = 0;

  constructor(
    private readonly people: KvBucket<PeopleProjection>,
    options: Omit<SuperviseOptions, 'what' | 'signal'>,
  ) {
    let synced: () => void = () => undefined;
    this.#whenSynced = new Promise((resolve) => (synced = resolve));
    this.#following = supervise(() => this.#follow(synced), { ...options, what: 'people names', signal: this.#stop.signal });
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
    return this.#whenSynced;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #follow(synced: () => void): Promise<void> {
    for await (const change of this.people.watch(this.#stop.signal)) {
      if (change.kind === 'synced') synced();
      else this.#take(change);
    }
  }

  #take(change: Exclude<KvChange<PeopleProjection>, { kind: 'synced' }>): void {
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
