import type { Command, FaceHashEvent, ModelState, PeopleProjection, ReplicaReport } from './schemas.js';

export interface KvEntry<T> {
  readonly key: string;
  readonly value: T;
  /** Grows with every change of the bucket. */
  readonly revision: number;
}

export type KvChange<T> =
  | { readonly kind: 'put'; readonly entry: KvEntry<T> }
  | { readonly kind: 'delete'; readonly key: string }
  /** Everything that existed when the watch began has been delivered. Absence means nothing before this. */
  | { readonly kind: 'synced' };

/** A bucket of small values. Keys: `[A-Za-z0-9._-]+`. A value that does not fit its schema is REQUEST_INVALID on write. */
export interface KvBucket<T> {
  get(key: string, signal?: AbortSignal): Promise<KvEntry<T> | undefined>;
  /** Compare-and-set: `expected` is the revision that was read, null for "must not exist". The new revision, or undefined when somebody else was faster. */
  put(key: string, value: T, expected: number | null, signal?: AbortSignal): Promise<number | undefined>;
  delete(key: string, signal?: AbortSignal): Promise<void>;
  /** First everything that is there, then `synced`, then every change, until the signal aborts (then it ends without an error). */
  watch(signal: AbortSignal): AsyncIterable<KvChange<T>>;
}

export interface EventStream {
  /** Publishing the same event id twice stores it once. */
  publish(event: FaceHashEvent, signal?: AbortSignal): Promise<void>;
  /** Events of one model, those after the event `afterId` first if the stream still holds it; until the signal aborts. */
  subscribe(filter: { readonly storageId: string; readonly afterId?: string }, signal: AbortSignal): AsyncIterable<FaceHashEvent>;
}

export interface CommandQueue {
  /** Sending the same command id twice queues it once. */
  send(command: Command, signal?: AbortSignal): Promise<void>;
  /** Hands over one command at a time; it is acknowledged when `handle` resolves, and comes again when it rejects. Resolves when the signal aborts. */
  consume(handle: (command: Command) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** State, events and commands between inference and the controller. */
export interface Messaging {
  readonly models: KvBucket<ModelState>;
  readonly people: KvBucket<PeopleProjection>;
  readonly replicas: KvBucket<ReplicaReport>;
  readonly events: EventStream;
  readonly commands: CommandQueue;
  close(): Promise<void>;
}
