import { backoffMs, deadline, FaceHashError, hasCode, type LogFields } from '@facehash/kernel';
import type { Client } from 'minio';
import type { Connections, Tried } from './connections.js';
import type { KeySource } from './credentials.js';
import type { Health } from './health.js';
import type { S3Settings } from './options.js';
import type { Refusal, Trouble } from './trouble.js';

const BACKOFF = { firstMs: 50, maxMs: 2_000 };
/** For what is cleared away after a call that failed. */
const ASIDE_MS = 5_000;

export interface CallParts {
  readonly settings: S3Settings;
  readonly connections: Connections;
  readonly keys: KeySource;
  readonly health: Health;
}

/** `unsure`: a try before the one that was refused may have done its work, and the refusal be its consequence. */
export type Answer<T> = { readonly value: T } | { readonly refused: Refusal; readonly unsure: boolean };

/** Calls of the port: each has one deadline for all of its requests and their tries, and one line in the log if there was trouble. */
export class Calls {
  readonly #closed = new AbortController();
  readonly #aside = new Set<Promise<unknown>>();

  constructor(private readonly parts: CallParts) {}

  /** Rejects with the signal's reason, with what `work` throws of the catalogue, and with STORE_UNAVAILABLE for anything else. */
  async run<T>(what: LogFields, work: (call: Call) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const { settings, health } = this.parts;
    const limit = deadline(settings.timeoutMs, AbortSignal.any([this.#closed.signal, ...(signal === undefined ? [] : [signal])]));
    const call = new Call(this.parts, limit);
    try {
      const result = await work(call);
      health.answered();
      if (call.trouble !== undefined) {
        settings.logger.info('a call to the object store took more than one try', { ...what, tries: call.tries, why: call.trouble.why });
      }
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      // What the work says itself.
      if (hasCode(error, 'ARTIFACT_CORRUPT') || hasCode(error, 'STORE_UNAVAILABLE')) throw error;
      const why = this.#closed.signal.aborted ? 'the store is closed' : (call.trouble?.why ?? reasonOf(error));
      if (!this.#closed.signal.aborted) health.failed(why);
      throw new FaceHashError('STORE_UNAVAILABLE', { ...what, why }, { cause: call.trouble?.cause ?? error });
    }
  }

  /** One try in the background, outside of a call that has failed, for what it leaves behind. */
  aside(what: LogFields, work: (client: Client) => Promise<unknown>): void {
    const { connections, keys, settings } = this.parts;
    const trying = keys
      .current()
      .then((current) => connections.try(work, current, deadline(ASIDE_MS)))
      .then((tried) => ('trouble' in tried ? tried.trouble.why : undefined), reasonOf)
      .then((why) => why !== undefined && settings.logger.warn('the remains of a call were not cleared away', { ...what, why }))
      .finally(() => this.#aside.delete(trying));
    this.#aside.add(trying);
  }

  /** Ends what is under way; resolves when nothing is. */
  async close(): Promise<void> {
    this.#closed.abort(new Error('the store is closed'));
    await Promise.all(this.#aside);
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }
}

/** One call, with what it met on its way. */
export class Call {
  /** The last that was not an answer. */
  trouble: Trouble | undefined;
  tries = 0;

  constructor(
    private readonly parts: CallParts,
    private readonly signal: AbortSignal,
  ) {}

  /** One request, tried once. Of no account to the call. */
  async once<T>(work: (client: Client) => Promise<T>): Promise<Tried<T>> {
    return this.parts.connections.try(work, await this.parts.keys.current(), this.signal);
  }

  /** One request, tried until there is an answer or the deadline is over. */
  async ask<T>(work: (client: Client) => Promise<T>): Promise<Answer<T>> {
    const { connections, keys: source, settings } = this.parts;
    for (let attempt = 0, unsure = false; ; attempt++) {
      this.tries++;
      const keys = await source.current();
      const tried = await connections.try(work, keys, this.signal);
      if ('value' in tried) return tried;
      const { kind } = tried.trouble;
      if (kind === 'missing' || kind === 'conditionFailed' || kind === 'uploadGone') return { refused: kind, unsure };
      this.trouble = tried.trouble;
      unsure ||= tried.trouble.mayHaveHappened;
      const again = kind === 'again' || (kind === 'denied' && (await source.renewed(keys))) || (await this.#makeBucket(kind));
      if (!again) throw new Error(tried.trouble.why, { cause: tried.trouble.cause });
      await settings.clock.sleep(backoffMs(attempt, BACKOFF, settings.random), this.signal);
    }
  }

  /** A bucket that was there and is gone took what was acknowledged with it: an empty one in its place would hide that. */
  async #makeBucket(kind: Trouble['kind']): Promise<boolean> {
    const { connections, health, keys, settings } = this.parts;
    if (kind !== 'bucketMissing' || settings.bucketMissing !== 'make' || health.reached) return false;
    const { bucket, region } = settings;
    const made = await connections.try((client) => client.makeBucket(bucket, region), await keys.current(), this.signal);
    // Several replicas may make it at once.
    if ('value' in made || /BucketAlready/.test(made.trouble.why)) {
      settings.logger.info('the bucket of the object store was made', { bucket });
      return true;
    }
    this.trouble = made.trouble;
    return made.trouble.kind === 'again';
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof FaceHashError) return error.code === 'OVERLOADED' ? 'too many calls are waiting' : 'no answer within the deadline';
  return error instanceof Error ? error.message : 'unknown';
}
