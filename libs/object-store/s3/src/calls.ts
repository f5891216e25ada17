import { backoffMs, deadline, FaceHashError, hasCode, type LogFields } from '@facehash/kernel';
import type { Client } from 'minio';
import type { Connections, Tried } from './connections.js';
import type { Keys, KeySource } from './credentials.js';
import type { Health } from './health.js';
import type { S3Settings } from './options.js';
import { isRefusal, type Refusal, type Trouble } from './trouble.js';

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
    const parents = signal === undefined ? [] : [signal];
    const call = new Call(this.parts, deadline(this.parts.settings.timeoutMs, AbortSignal.any([this.#closed.signal, ...parents])));
    try {
      const result = await work(call);
      this.#succeeded(what, call);
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      // What the work says itself.
      if (hasCode(error, 'ARTIFACT_CORRUPT') || hasCode(error, 'STORE_UNAVAILABLE')) throw error;
      throw this.#failed(what, call, error);
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

  #succeeded(what: LogFields, { trouble, tries }: Call): void {
    this.parts.health.answered();
    if (trouble === undefined || tries < 2) return;
    this.parts.settings.logger.info('a call to the object store took more than one try', { ...what, tries, why: trouble.why });
  }

  #failed(what: LogFields, { trouble }: Call, error: unknown): FaceHashError {
    const why = this.#closed.signal.aborted ? 'the store is closed' : (trouble?.why ?? reasonOf(error));
    if (!this.#closed.signal.aborted) this.parts.health.failed(why);
    return new FaceHashError('STORE_UNAVAILABLE', { ...what, why }, { cause: trouble?.cause ?? error });
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
    const { clock, random } = this.parts.settings;
    for (let attempt = 0, unsure = false; ; attempt++) {
      this.tries++;
      const keys = await this.parts.keys.current();
      const reachedBefore = this.parts.health.reached;
      const tried = await this.parts.connections.try(work, keys, this.signal);
      if ('value' in tried) return tried;
      const { trouble } = tried;
      if (isRefusal(trouble.kind)) return { refused: trouble.kind, unsure };
      this.trouble = trouble;
      unsure ||= trouble.mayHaveHappened;
      if (!(await this.#isWorthAnother(trouble.kind, { keys, reachedBefore }))) throw new Error(trouble.why, { cause: trouble.cause });
      await clock.sleep(backoffMs(attempt, BACKOFF, random), this.signal);
    }
  }

  async #isWorthAnother(
    kind: Trouble['kind'],
    { keys, reachedBefore }: { readonly keys: Keys; readonly reachedBefore: boolean },
  ): Promise<boolean> {
    if (kind === 'denied') return this.parts.keys.renewed(keys);
    // Another call may have made the bucket while this one's refusal was on its way.
    return kind === 'again' || (kind === 'bucketMissing' && !reachedBefore && (await this.#makeBucket()));
  }

  /** A bucket that was there and is gone took what was acknowledged with it: an empty one in its place would hide that. */
  async #makeBucket(): Promise<boolean> {
    const { connections, health, keys, settings } = this.parts;
    if (settings.bucketMissing !== 'make') return false;
    if (health.reached) return true;
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
