import type { KvBucket, KvChange } from '@facehash/messaging-core';

const WAIT_MS = 20_000;

/** Polls until it holds; a throw is a no. */
export async function until(holds: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
  for (const latest = performance.now() + WAIT_MS; performance.now() < latest; await new Promise((resolve) => setTimeout(resolve, 10))) {
    const held = await Promise.resolve()
      .then(holds)
      .catch(() => false);
    if (held) return;
  }
  throw new Error(`${what} did not come to hold within ${WAIT_MS} ms`);
}

/** A watch that is read all the time, and what it was told, in words. */
export class Watching<T> {
  readonly changes: KvChange<T>[] = [];
  readonly stop = new AbortController();
  /** Rejects when the watch fails. */
  readonly ended: Promise<void>;

  constructor(bucket: KvBucket<T>) {
    this.ended = this.#read(bucket.watch(this.stop.signal));
    this.ended.catch(() => undefined);
  }

  /** `put <key>`, `delete <key>` and `synced`. */
  get seen(): readonly string[] {
    return this.changes.map((change) => {
      if (change.kind === 'put') return `put ${change.entry.key}`;
      return change.kind === 'delete' ? `delete ${change.key}` : 'synced';
    });
  }

  /** The last value that it was told of a key. */
  last(key: string): T | undefined {
    return this.changes.flatMap((change) => (change.kind === 'put' && change.entry.key === key ? [change.entry.value] : [])).at(-1);
  }

  until(what: string): Promise<void> {
    return until(() => this.seen.includes(what), what);
  }

  async #read(changes: AsyncIterable<KvChange<T>>): Promise<void> {
    for await (const change of changes) this.changes.push(change);
  }
}
