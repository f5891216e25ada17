import { FaceHashError, type Clock } from '@facehash/kernel';

export interface IdempotencyLimits {
  readonly entriesMax: number;
  /** Of all bodies together. */
  readonly bytesMax: number;
  readonly keepMs: number;
}

/** A day is what clients of other APIs are used to; the rest keeps it small. */
const customary: IdempotencyLimits = { entriesMax: 10_000, bytesMax: 16 * 1024 ** 2, keepMs: 86_400_000 };

export interface Answer {
  readonly body: unknown;
  readonly location: string | undefined;
}

/** Which request it is: whose, its key, and what it was sent to. */
export interface Sent {
  readonly storageId: string;
  readonly key: string;
  readonly path: string;
}

interface Entry {
  readonly path: string;
  readonly at: number;
  /** Resolves when the first request has ended, however that was. */
  readonly settled: Promise<void>;
  /** Asked to be forgotten while the first request was under way, which may have read them before. */
  readonly gone: string[];
  /** Body as JSON; undefined while the first request is under way. */
  json?: string;
  location?: string | undefined;
}

/**
 * What requests with an idempotency key were answered, so that a retry gets the same. In memory, of this instance, and bounded: one that is
 * forgotten costs nothing where the work itself is idempotent, as that on photos is. Failures are not kept: a retry tries again.
 */
export class IdempotentAnswers {
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(
    private readonly clock: Clock,
    private readonly limits: IdempotencyLimits = customary,
  ) {}

  /** Throws IDEMPOTENCY_KEY_REUSED for a key that was used for something else. */
  async once(sent: Sent, work: () => Promise<Answer>): Promise<Answer & { readonly replayed: boolean }> {
    const id = `${sent.storageId} ${sent.key}`;
    for (let known = this.#fresh(id); known; known = this.#fresh(id)) {
      if (known.path !== sent.path) throw new FaceHashError('IDEMPOTENCY_KEY_REUSED');
      if (known.json !== undefined) return { body: JSON.parse(known.json), location: known.location, replayed: true };
      await known.settled;
    }
    return { ...(await this.#first(id, sent.path, work)), replayed: false };
  }

  /** Nothing that mentions one of these texts is answered again, or nothing at all of this model. */
  forget(storageId: string, gone: readonly string[] | 'everybody'): void {
    for (const [id, entry] of this.#entries) {
      if (!id.startsWith(`${storageId} `)) continue;
      if (gone === 'everybody' || mentions(entry, gone)) this.#remove(id);
      else if (entry.json === undefined) entry.gone.push(...gone);
    }
  }

  async #first(id: string, path: string, work: () => Promise<Answer>): Promise<Answer> {
    let settle: () => void = () => undefined;
    const settled = new Promise<void>((resolve) => (settle = resolve));
    const entry: Entry = { path, at: this.#now(), settled, gone: [] };
    this.#entries.set(id, entry);
    try {
      const answer = await work();
      this.#keep(id, entry, answer);
      return answer;
    } finally {
      if (entry.json === undefined && this.#entries.get(id) === entry) this.#entries.delete(id);
      settle();
    }
  }

  #keep(id: string, entry: Entry, { body, location }: Answer): void {
    if (this.#entries.get(id) !== entry) return;
    const json = JSON.stringify(body);
    if (mentions({ path: entry.path, json }, entry.gone)) return;
    entry.json = json;
    entry.location = location;
    this.#bytes += entry.json.length;
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= this.limits.entriesMax && this.#bytes <= this.limits.bytesMax) return;
      this.#remove(oldest);
    }
  }

  #fresh(id: string): Entry | undefined {
    const entry = this.#entries.get(id);
    if (entry?.json === undefined || this.#now() - entry.at < this.limits.keepMs) return entry;
    this.#remove(id);
    return undefined;
  }

  #remove(id: string): void {
    this.#bytes -= this.#entries.get(id)?.json?.length ?? 0;
    this.#entries.delete(id);
  }

  #now(): number {
    return this.clock.now().getTime();
  }
}

function mentions({ path, json = '' }: Pick<Entry, 'path' | 'json'>, texts: readonly string[]): boolean {
  return texts.some((text) => path.includes(text) || json.includes(text));
}
