import { FaceHashError, newId } from '@facehash/kernel';
import { checkBucketKey, type KvBucket, type KvChange, type KvEntry } from '@facehash/messaging-core';
import { JetStreamApiError, PubHeaders, type StoredMsg } from '@nats-io/jetstream';
import { headers, RequestError } from '@nats-io/nats-core';
import type { Calls } from './calls.js';
import { checked, isNewer, parsed, type Schema } from './json.js';
import { Line } from './line.js';
import type { Session } from './link.js';
import { isDeletion, operation } from './markers.js';
import { keySubject, streamOf, type BucketName } from './names.js';
import type { NatsOptions } from './options.js';
import { answered } from './store-errors.js';
import { watchKeys, type Seen, type WatchParts } from './watch-keys.js';

export interface BucketParts<T> extends WatchParts {
  readonly name: BucketName;
  readonly schema: Schema<T>;
  readonly calls: Calls;
  readonly options: NatsOptions;
  readonly deletedTtlMs: number;
  /** Of values that are forgotten by themselves: after how long. */
  readonly ttlMsOf?: (value: T) => number | undefined;
  readonly closed: AbortSignal;
}

interface Write {
  readonly subject: string;
  readonly value: string;
  readonly expected: number | null;
  readonly ttl: { readonly ttl?: string };
  /** Tells our own value from one that somebody else wrote at the same time. */
  readonly id: string;
  /** The revisions that tries without an answer were to replace. */
  readonly unclear: Set<number>;
}

/** A bucket of JetStream, laid out as every client of NATS lays them out. */
export class NatsBucket<T> implements KvBucket<T> {
  readonly #stream: string;

  constructor(private readonly parts: BucketParts<T>) {
    this.#stream = streamOf(parts.name);
  }

  async get(key: string, signal?: AbortSignal): Promise<KvEntry<T> | undefined> {
    checkBucketKey(key);
    const last = await this.parts.calls.ask((session) => this.#last(session, this.#subject(key)), signal);
    if (!last || isDeletion(last.header)) return undefined;
    const value = parsed(this.parts.schema, last.data);
    if (value.success) return { key, value: value.data, revision: last.seq };
    // What a newer program wrote is there and cannot be read. What no program wrote is as good as nothing, or it could never be set right.
    if (isNewer(last.data)) throw new FaceHashError('STORE_UNAVAILABLE', { key, understood: false }, { cause: value.error });
    this.#passesOver({ key, revision: last.seq, error: value.error });
    return undefined;
  }

  async put(key: string, value: T, expected: number | null, signal?: AbortSignal): Promise<number | undefined> {
    checkBucketKey(key);
    signal?.throwIfAborted();
    const { schema, calls, options, ttlMsOf } = this.parts;
    const whole = checked(schema, value, { key });
    const ttlMs = ttlMsOf?.(whole);
    const id = newId('put', options.clock, options.random);
    const write = {
      subject: this.#subject(key),
      value: JSON.stringify(whole),
      expected,
      ttl: ttlMs === undefined ? {} : { ttl: seconds(ttlMs) },
      id,
      unclear: new Set<number>(),
    };
    return calls.ask((session) => this.#write(session, write), signal);
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    checkBucketKey(key);
    const subject = this.#subject(key);
    await this.parts.calls.ask(async (session) => {
      const last = await this.#last(session, subject);
      if (!last || isDeletion(last.header)) return;
      const marked = headers();
      marked.set(operation, 'DEL');
      await session.js.publish(subject, '', { headers: marked, ttl: seconds(this.parts.deletedTtlMs) });
    }, signal);
  }

  async *watch(signal: AbortSignal): AsyncIterable<KvChange<T>> {
    const over = new AbortController();
    const end = AbortSignal.any([signal, this.parts.closed]);
    const line = new Line<Seen>();
    const reading = watchKeys(this.parts, line, AbortSignal.any([end, over.signal]));
    const read = reading.catch((error: unknown) => line.break(error));
    try {
      for (let seen = await line.take(end); seen; seen = await line.take(end)) {
        const change = this.#change(seen);
        if (change) yield change;
      }
    } finally {
      over.abort();
      await read;
    }
  }

  async #write(session: Session, write: Write): Promise<number | undefined> {
    try {
      return await this.#publish(session, write, write.expected ?? 0);
    } catch (error) {
      if (answered(error, 'wrongLastSequence')) return this.#whatIsThere(session, write);
      throw error;
    }
  }

  /** Something stands where it must not for the write to be done. */
  async #whatIsThere(session: Session, write: Write): Promise<number | undefined> {
    const last = await this.#last(session, write.subject);
    if (last && isOwn(last, write)) return last.seq;
    if (!tookThePlaceOf(last, write)) throw new FaceHashError('STORE_UNAVAILABLE', { written: 'unknown' });
    return write.expected === null && this.#isVacant(last) ? this.#writeOver(session, write, last?.seq ?? 0) : undefined;
  }

  async #writeOver(session: Session, write: Write, revision: number): Promise<number | undefined> {
    try {
      return await this.#publish(session, write, revision);
    } catch (error) {
      if (answered(error, 'wrongLastSequence')) return undefined;
      throw error;
    }
  }

  async #publish({ js }: Session, { subject, value, ttl, id, unclear }: Write, over: number): Promise<number> {
    const known = !unclear.has(over);
    unclear.add(over);
    try {
      const once = { msgID: id, expect: { lastSubjectSequence: over } };
      return (await js.publish(subject, value, { ...once, ...ttl })).seq;
    } catch (error) {
      if (known && wasRefused(error)) unclear.delete(over);
      throw error;
    }
  }

  #last({ jsm }: Session, subject: string): Promise<StoredMsg | null> {
    return jsm.streams.getMessage(this.#stream, { last_by_subj: subject });
  }

  #change(seen: Seen): KvChange<T> | undefined {
    if (seen.kind !== 'put') return seen;
    const { key, data, revision } = seen;
    const value = parsed(this.parts.schema, data);
    if (value.success) return { kind: 'put', entry: { key, value: value.data, revision } };
    this.#passesOver({ key, revision, error: value.error });
    return undefined;
  }

  #passesOver(fields: { readonly key: string; readonly revision: number; readonly error: Error }): void {
    this.parts.options.logger.error('a value is not understood and is passed over', { bucket: this.parts.name, ...fields });
  }

  /** Nothing that counts: deleted, or written by no program of ours. */
  #isVacant(last: StoredMsg | null): boolean {
    return !last || isDeletion(last.header) || (!parsed(this.parts.schema, last.data).success && !isNewer(last.data));
  }

  #subject(key: string): string {
    return keySubject(this.parts.name, key);
  }
}

/** As NATS takes times to live. */
function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)}s`;
}

/** An earlier try had been done, and only its answer was lost. */
function isOwn(last: StoredMsg, write: Write): boolean {
  return last.header.get(PubHeaders.MsgIdHdr) === write.id;
}

/** What is there was written over what ours was to replace, so ours never came to be. Of anything else who knows what it replaced. */
function tookThePlaceOf(last: StoredMsg | null, { unclear }: Write): boolean {
  return [...unclear].every((over) => last?.header.get(PubHeaders.ExpectedLastSubjectSequenceHdr) === String(over));
}

/** An error that says that nothing was stored. */
function wasRefused(error: unknown): boolean {
  return error instanceof JetStreamApiError || (error instanceof RequestError && error.isNoResponders());
}
