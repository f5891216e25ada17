import { backoffMs, FaceHashError, type Clock, type Random } from '@facehash/kernel';
import type { KvBucket, PeopleProjection } from '@facehash/messaging-core';
import type { Registry } from '@facehash/registry-core';

/** Some 20 s in all: who loses that often has met a storm and not a rival. */
const TRIES = 20;
const PAUSE = { firstMs: 5, maxMs: 2000 };
const PAGE = 1000;
/** Of a value that messaging carries up to 1 MiB of. The rest is for erasures, which a model that is full must still take. */
const NAMES_BYTES_MAX = 900 * 1024;
const ID_AND_PUNCTUATION_BYTES = 40;

type Names = Readonly<Record<string, string>>;
type Held = Pick<PeopleProjection, 'names' | 'tombstones'>;

/** Writes the projection through which ids become names. The registry is the truth; this is what replicas answer from. */
export class PeopleProjector {
  constructor(
    private readonly people: KvBucket<PeopleProjection>,
    private readonly registry: Registry,
    private readonly time: { readonly clock: Clock; readonly random: Random },
  ) {}

  /** The person's name answers from now on: the one that the registry holds at the moment of writing, as somebody may rename them meanwhile. */
  async name({ storageId, id }: { readonly storageId: string; readonly id: string }, signal?: AbortSignal): Promise<void> {
    const named = async ({ names, tombstones }: Held): Promise<Held | undefined> => {
      const person = await this.registry.person(storageId, id, signal);
      return !person || names[id] === person.name ? undefined : { names: { ...names, [id]: person.name }, tombstones };
    };
    await this.#change(storageId, named, signal);
  }

  /** Whether replicas can still be told of this name, too. */
  async hasRoomFor(storageId: string, name: string, signal?: AbortSignal): Promise<boolean> {
    const told = (await this.people.get(storageId, signal))?.value ?? (await this.#first(storageId, signal));
    const bytes = bytesOf(told) + bytesOf(name) + ID_AND_PUNCTUATION_BYTES;
    return bytes <= NAMES_BYTES_MAX;
  }

  /** Nobody is named so any more, whatever version answers, and no version that lists them is taken over. */
  async erase(storageId: string, id: string, at: string, signal?: AbortSignal): Promise<void> {
    const erased = ({ names, tombstones }: Held): Held | undefined =>
      tombstones[id] === undefined ? { names: without(names, id), tombstones: { ...tombstones, [id]: at } } : undefined;
    await this.#change(storageId, (held) => Promise.resolve(erased(held)), signal);
  }

  /** Nothing that is stored lists the person any more, so nobody needs to be told. */
  async forget(storageId: string, id: string, signal?: AbortSignal): Promise<void> {
    const forgotten = ({ names, tombstones }: Held): Held | undefined =>
      tombstones[id] === undefined ? undefined : { names: without(names, id), tombstones: without(tombstones, id) };
    await this.#change(storageId, (held) => Promise.resolve(forgotten(held)), signal);
  }

  /** Brings the projection to what the registry says: after a crash between the two writes, and after a restart. */
  async sync(storageId: string, signal?: AbortSignal): Promise<void> {
    // Read within each try: whoever renames or erases somebody meanwhile writes the projection, too, and then this try is void.
    const synced = async (known: Held): Promise<Held | undefined> => {
      const names = await this.#registered(storageId, signal);
      const alive = Object.fromEntries(Object.entries(names).filter(([id]) => known.tombstones[id] === undefined));
      return differs(known.names, alive) ? { ...known, names: { ...known.names, ...alive } } : undefined;
    };
    await this.#change(storageId, synced, signal);
  }

  async #registered(storageId: string, signal?: AbortSignal): Promise<Names> {
    const names: Record<string, string> = {};
    for (let after: string | null = ''; after !== null;) {
      const page: Awaited<ReturnType<Registry['people']>> = await this.registry.people(storageId, { after, limit: PAGE }, signal);
      for (const { id, name } of page.items) names[id] = name;
      after = page.next;
    }
    return names;
  }

  /** With everybody who has a name: nothing may be there because messaging lost what it kept, and what is written is all that replicas know. */
  async #first(storageId: string, signal?: AbortSignal): Promise<PeopleProjection> {
    return { v: 1, storageId, revision: 0, names: { ...(await this.#registered(storageId, signal)) }, tombstones: {} };
  }

  /** Compare-and-set until it holds; `change` gives undefined when there is nothing to do. */
  async #change(storageId: string, change: (held: Held) => Promise<Held | undefined>, signal?: AbortSignal): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const before = await this.people.get(storageId, signal);
      const value = before?.value ?? (await this.#first(storageId, signal));
      const held = (await change(value)) ?? (before ? undefined : unsaid(value));
      if (!held) return;
      const next = { ...value, names: { ...held.names }, tombstones: { ...held.tombstones }, revision: value.revision + 1 };
      const written = await this.people.put(storageId, next, before?.revision ?? null, signal);
      if (written !== undefined) return;
      await this.time.clock.sleep(backoffMs(tries, PAUSE, this.time.random), signal);
    }
    throw new FaceHashError('CONFLICT', { projection: storageId });
  }
}

function without(record: Names, id: string): Names {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== id));
}

/** What nobody has been told yet, where it is anything. */
function unsaid(first: PeopleProjection): Held | undefined {
  return Object.keys(first.names).length > 0 ? first : undefined;
}

function differs(known: Names, names: Names): boolean {
  return Object.entries(names).some(([id, name]) => known[id] !== name);
}

function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
