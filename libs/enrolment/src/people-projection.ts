import { FaceHashError } from '@facehash/kernel';
import type { KvBucket, PeopleProjection } from '@facehash/messaging-core';
import type { Registry } from '@facehash/registry-core';

const TRIES = 20;
const PAGE = 1000;

/** Writes the projection through which ids become names. The registry is the truth; this is what replicas answer from. */
export class PeopleProjector {
  constructor(
    private readonly people: KvBucket<PeopleProjection>,
    private readonly registry: Registry,
  ) {}

  /** The name answers from now on. The registry has it already. */
  async name(storageId: string, person: { readonly id: string; readonly name: string }, signal?: AbortSignal): Promise<void> {
    await this.#change(
      storageId,
      (names) => (names[person.id] === person.name ? undefined : { ...names, [person.id]: person.name }),
      signal,
    );
  }

  /** Brings the projection to what the registry says: after a crash between the two writes, and after a restart. */
  async sync(storageId: string, signal?: AbortSignal): Promise<void> {
    const names: Record<string, string> = {};
    for (let after: string | null = ''; after !== null;) {
      const page: Awaited<ReturnType<Registry['people']>> = await this.registry.people(storageId, { after, limit: PAGE }, signal);
      for (const { id, name } of page.items) names[id] = name;
      after = page.next;
    }
    // People who were added by another replica since the reading began stay.
    await this.#change(storageId, (known) => (differs(known, names) ? { ...known, ...names } : undefined), signal);
  }

  /** Compare-and-set until it holds; `change` gives undefined when there is nothing to do. */
  async #change(
    storageId: string,
    change: (names: Readonly<Record<string, string>>) => Record<string, string> | undefined,
    signal?: AbortSignal,
  ): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const before = await this.people.get(storageId, signal);
      const value: PeopleProjection = before?.value ?? { v: 1, storageId, revision: 0, names: {}, tombstones: {} };
      const names = change(value.names);
      if (!names) return;
      const written = await this.people.put(storageId, { ...value, names, revision: value.revision + 1 }, before?.revision ?? null, signal);
      if (written !== undefined) return;
    }
    throw new FaceHashError('CONFLICT', { projection: storageId });
  }
}

function differs(known: Readonly<Record<string, string>>, names: Readonly<Record<string, string>>): boolean {
  return Object.entries(names).some(([id, name]) => known[id] !== name);
}
