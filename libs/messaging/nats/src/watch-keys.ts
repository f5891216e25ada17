import { FaceHashError } from '@facehash/kernel';
import type { JsMsg } from '@nats-io/jetstream';
import { follow, type FollowParts } from './follow.js';
import type { Line } from './line.js';
import { isDeletion } from './markers.js';
import { keySubject, streamOf, type BucketName } from './names.js';

export type Seen =
  | { readonly kind: 'put'; readonly key: string; readonly data: Uint8Array; readonly revision: number }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'synced' };

export interface WatchParts extends FollowParts {
  readonly name: BucketName;
}

/** No key is empty, so this place in the line is free. */
const SYNCED = '';

/** Puts what is in a bucket and what changes there into the line, until the signal aborts. */
export async function watchKeys(parts: WatchParts, line: Line<Seen>, signal: AbortSignal): Promise<void> {
  const keys = new Keys(line, keySubject(parts.name, '').length);
  const followed = { stream: streamOf(parts.name), subjects: keySubject(parts.name, '>'), from: 'lastOfEach' } as const;
  for await (const step of follow(parts, followed, signal)) {
    if (step.kind === 'begins') keys.begin(step.there);
    else if (step.kind === 'message') keys.take(step.message);
    else keys.rest();
  }
}

/**
 * What the reader knows of each key. After a break everything is read again, and only what differs goes into the line: what is gone
 * without a trace is seen by not being there.
 */
class Keys {
  readonly #known = new Map<string, number>();
  /** While what is there is being read: what was seen of it, and how much is left. */
  #pass: { readonly seen: Set<string>; left: number } | undefined;
  #newest = 0;
  #newestOfPass = 0;
  #synced = false;

  constructor(
    private readonly line: Line<Seen>,
    private readonly prefixLength: number,
  ) {}

  begin(there: number): void {
    this.#pass = { seen: new Set(), left: there };
    this.#newestOfPass = 0;
    if (there === 0) this.rest();
  }

  take(message: JsMsg): void {
    const key = message.subject.slice(this.prefixLength);
    const known = this.#known.get(key);
    if (known !== undefined && message.seq < known) throw madeAnew();
    this.#newestOfPass = Math.max(this.#newestOfPass, message.seq);
    if (isDeletion(message.headers)) this.#forget(key);
    else if (message.seq !== known) {
      this.#known.set(key, message.seq);
      // A copy: the client's own is a part of a buffer that it would keep whole.
      this.line.put(key, { kind: 'put', key, data: message.data.slice(), revision: message.seq });
    }
    if (!this.#pass) this.#newest = Math.max(this.#newest, message.seq);
    else this.#passed(key, this.#pass, message.info.pending);
  }

  /** Everything that is there was read. */
  rest(): void {
    if (!this.#pass) return;
    const { seen } = this.#pass;
    this.#pass = undefined;
    const gone = [...this.#known.keys()].filter((key) => !seen.has(key));
    if (gone.length > 0 && this.#newestOfPass < this.#newest) throw madeAnew();
    this.#newest = Math.max(this.#newest, this.#newestOfPass);
    gone.forEach((key) => this.#forget(key));
    if (!this.#synced) this.line.put(SYNCED, { kind: 'synced' });
    this.#synced = true;
  }

  /** What is written meanwhile is behind what was there, so counting ends also where writing does not. */
  #passed(key: string, pass: { readonly seen: Set<string>; left: number }, pending: number): void {
    pass.seen.add(key);
    pass.left--;
    if (pass.left <= 0 || pending === 0) this.rest();
  }

  #forget(key: string): void {
    if (this.#known.delete(key)) this.line.put(key, { kind: 'delete', key });
  }
}

/** What is not there any more was perhaps lost and not deleted: who watches must begin anew, and be told again what all is. */
function madeAnew(): FaceHashError {
  return new FaceHashError('STORE_UNAVAILABLE', { reason: 'the bucket seems to have been made anew' });
}
