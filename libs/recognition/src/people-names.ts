import { supervise, type SuperviseOptions } from '@facehash/kernel';
import type { KvBucket, PeopleProjection } from '@facehash/messaging-core';

export interface PeopleNames {
  /** Null for a person who was erased or is not known: they are masked. */
  nameOf(storageId: string, personId: string): string | null;
  /** Revision of the projection that answers here, 0 before the first. */
  revision(storageId: string): number;
  /** Called with the storage id whenever another projection answers here. */
  onChange(listener: (storageId: string) => void): void;
  close(): Promise<void>;
}

/** Follows the people projections: the one place where ids become names. */
export function openPeopleNames(people: KvBucket<PeopleProjection>, options: Omit<SuperviseOptions, 'what' | 'signal'>): PeopleNames {
  const stop = new AbortController();
  const known = new Map<string, PeopleProjection>();
  const listeners = new Set<(storageId: string) => void>();
  const follow = async (): Promise<void> => {
    for await (const change of people.watch(stop.signal)) {
      if (change.kind === 'synced') continue;
      if (change.kind === 'put') known.set(change.entry.key, change.entry.value);
      else known.delete(change.key);
      const storageId = change.kind === 'put' ? change.entry.key : change.key;
      for (const listener of listeners) listener(storageId);
    }
  };
  const following = supervise(follow, { ...options, what: 'people names', signal: stop.signal });
  return {
    nameOf: (storageId, personId) => {
      const projection = known.get(storageId);
      return projection?.tombstones[personId] === undefined ? (projection?.names[personId] ?? null) : null;
    },
    revision: (storageId) => known.get(storageId)?.revision ?? 0,
    onChange: (listener) => void listeners.add(listener),
    close: async () => {
      stop.abort();
      await following;
    },
  };
}
