import type { Command, FaceHashEvent, ModelState, PeopleProjection, ReplicaReport } from './schemas.js';

export interface KvEntry<T> {
  readonly key: string;
  /** Shared with other readers: not to be changed. */
  readonly value: T;
  /** Grows with every change of the bucket. */
  readonly revision: number;
}

export type KvChange<T> =
  | { readonly kind: 'put'; readonly entry: KvEntry<T> }
  | { readonly kind: 'delete'; readonly key: string }
  /** Everything that existed when the watch began has been delivered. Absence means nothing before this. */
  | { readonly kind: 'synced' };

/**
 * A bucket of small values. Keys are one or more of `[A-Za-z0-9_-]+`, joined by dots, at most 255 characters in all. Another key, and on
 * writing a value that does not fit the bucket's schema, is a REQUEST_INVALID.
 */
export interface KvBucket<T> {
  get(key: string, signal?: AbortSignal): Promise<KvEntry<T> | undefined>;
  /** Compare-and-set: `expected` is the revision that was read, null for "must not exist". The new revision, or undefined when somebody else was faster. */
  put(key: string, value: T, expected: number | null, signal?: AbortSignal): Promise<number | undefined>;
  /** No error when it is not there. */
  delete(key: string, signal?: AbortSignal): Promise<void>;
  /**
   * First everything that is there, then `synced`, then what changes, until the signal aborts (then it ends without an error). Begins with
   * the first read. The last value of each key always arrives; one that a newer replaced before it was read may not, so a slow
   * reader costs no more memory than there are keys. No order is kept among keys.
   */
  watch(signal: AbortSignal): AsyncIterable<KvChange<T>>;
}

/** The newest events of all models, as many as the stream has room for. */
export interface EventStream {
  /** Publishing the same event id twice stores it once, as long as the stream holds it. REQUEST_INVALID for what is no event. */
  publish(event: FaceHashEvent, signal?: AbortSignal): Promise<void>;
  /** Whether it holds that event of the model (still): who comes back after one that it does not has missed some. */
  holds(event: { readonly storageId: string; readonly id: string }, signal?: AbortSignal): Promise<boolean>;
  /**
   * Events of one model in the order they were published, until the signal aborts (then it ends without an error). Without `afterId` those
   * that are published after the first read; with it those after that event, or, where the stream does not hold that event
   * (any more), all that it holds. A reader that is slower than the stream forgets misses what was forgotten.
   */
  subscribe(filter: { readonly storageId: string; readonly afterId?: string }, signal: AbortSignal): AsyncIterable<FaceHashEvent>;
}

export interface CommandQueue {
  /** Sending the same command id again within a window of time queues it once. REQUEST_INVALID for what is no command, OVERLOADED when too many wait. */
  send(command: Command, signal?: AbortSignal): Promise<void>;
  /**
   * Hands over one command at a time, in the order they were sent. It is acknowledged when `handle` resolves; when it rejects, it comes
   * again, here or at another consumer, after a pause that grows and holds up no other command. Several consumers share the commands.
   * Resolves when the signal has aborted and the command that was being handled then is done with.
   */
  consume(handle: (command: Command) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/**
 * State, events and commands between inference and the controller. Calls reject with STORE_UNAVAILABLE when they cannot be answered, and
 * with the signal's reason once that aborts.
 */
export interface Messaging {
  /** Tombstones may be forgotten after weeks; until then they stay. */
  readonly models: KvBucket<ModelState>;
  readonly people: KvBucket<PeopleProjection>;
  readonly replicas: KvBucket<ReplicaReport>;
  readonly events: EventStream;
  readonly commands: CommandQueue;
  /** Ends every watch, subscription and consumption as an aborting signal would. Every call afterwards is a STORE_UNAVAILABLE. */
  close(): Promise<void>;
}
