import { FaceHashError, sha256Hex } from '@facehash/kernel';
import { checkKey, checkPrefix, isKey, type ObjectInfo, type ObjectStore, type StoredObject } from '@facehash/object-store-core';
import { Calls, type Answer, type Call } from './calls.js';
import { ConditionalWrite, type Write, type WriteOutcome } from './conditional-write.js';
import { Conditions } from './conditions.js';
import { Connections } from './connections.js';
import { KeySource } from './credentials.js';
import { Health, type StoreHealth } from './health.js';
import { checkOptions, type S3Options, type S3Settings } from './options.js';
import { getObject, listPage, type Fetched } from './requests.js';

const PAGE_KEYS = 1_000;
/** Older news of the store is renewed when somebody asks for it. */
const NEWS_MS = 15_000;

export interface S3ObjectStore extends ObjectStore {
  /** What was last seen of the store, at once. Asking renews old news in the background. */
  health(): StoreHealth;
  /** Ends calls under way with STORE_UNAVAILABLE, and closes every socket. */
  close(): Promise<void>;
}

/**
 * Objects in a bucket of an S3 store. Opens whether or not the store answers: calls are tried until their deadline. Rejects with
 * REQUEST_INVALID when the options cannot be right.
 *
 * Writes are refused where the store ignores their conditions. Reads are checked against the digest that was stored at the write. Bytes that do not match twice in the same way are damaged where they
 * lie: ARTIFACT_CORRUPT. Bytes that differ from try to try are the network's fault: STORE_UNAVAILABLE.
 */
export async function openS3ObjectStore(options: S3Options): Promise<S3ObjectStore> {
  const store = new OpenS3ObjectStore(await checkOptions(options));
  store.health();
  return store;
}

class OpenS3ObjectStore implements S3ObjectStore {
  readonly #connections: Connections;
  readonly #health: Health;
  readonly #calls: Calls;
  readonly #conditions: Conditions;
  #news: Promise<void> | undefined;
  #newsAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly settings: S3Settings) {
    const { clock, credentials, logger } = settings;
    this.#connections = new Connections(settings);
    this.#health = new Health(logger);
    const keys = new KeySource(credentials, clock, logger);
    this.#conditions = new Conditions(settings.bucket);
    this.#calls = new Calls({ settings, connections: this.#connections, keys, health: this.#health });
  }

  create(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<'created' | 'exists'> {
    const work = async (call: Call): Promise<'created' | 'exists'> => {
      const outcome = await this.#write(call, { key, bytes, expected: null });
      if (outcome.state === 'written') return 'created';
      // Whatever became of ours: something is there, so the key is taken.
      if (outcome.state === 'taken' || outcome.there) return 'exists';
      throw unknownOutcome(key);
    };
    return this.#at({ operation: 'create', key }, work, signal);
  }

  read(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    const work = async (call: Call) => {
      const first = await this.#fetch(call, key);
      if (first === undefined || isSound(first)) return first && stored(first);
      this.settings.logger.warn('an object does not match the digest that was stored with it, and is read again', { key });
      const second = await this.#fetch(call, key);
      if (second === undefined || isSound(second)) return second && stored(second);
      if (sha256Hex(first.bytes) === sha256Hex(second.bytes)) throw new FaceHashError('ARTIFACT_CORRUPT', { key });
      throw new FaceHashError('STORE_UNAVAILABLE', { key, why: 'an object comes in other bytes at each try' });
    };
    return this.#at({ operation: 'read', key }, work, signal);
  }

  replace(key: string, bytes: Uint8Array, expected: string | null, signal?: AbortSignal): Promise<string | undefined> {
    const work = async (call: Call) => {
      const outcome = await this.#write(call, { key, bytes, expected });
      if (outcome.state === 'unknown') throw unknownOutcome(key);
      return outcome.state === 'written' ? outcome.revision : undefined;
    };
    return this.#at({ operation: 'replace', key }, work, signal);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectInfo> {
    checkPrefix(prefix);
    const { bucket } = this.settings;
    for (let after = '', more = true; more;) {
      const where = { bucket, prefix, after, count: PAGE_KEYS };
      const page = await this.#calls.run(
        { operation: 'list', prefix },
        async (call) => valueOf(await call.ask((client) => listPage(client, where))),
        signal,
      );
      for (const object of page.objects) {
        signal?.throwIfAborted();
        // What other tools left under names that the port does not allow.
        if (isKey(object.key)) yield object;
      }
      after = page.objects.at(-1)?.key ?? after;
      more = page.more;
    }
  }

  remove(key: string, signal?: AbortSignal): Promise<void> {
    const work = async (call: Call) => {
      await call.ask((client) => client.removeObject(this.settings.bucket, key));
    };
    return this.#at({ operation: 'remove', key }, work, signal);
  }

  health(): StoreHealth {
    const now = this.settings.clock.now().getTime();
    if (this.#news === undefined && now - this.#newsAt > NEWS_MS && !this.#calls.closed.aborted) {
      this.#newsAt = now;
      this.#news = this.#ask().finally(() => (this.#news = undefined));
    }
    return this.#health.last;
  }

  async close(): Promise<void> {
    await this.#calls.close();
    await this.#news;
    this.#connections.close();
  }

  /** Never rejects: what it learns is in `health`. */
  async #ask(): Promise<void> {
    const where = { bucket: this.settings.bucket, prefix: '', after: '', count: 1 };
    const work = async (call: Call): Promise<void> => {
      try {
        await call.ask((client) => listPage(client, where));
      } catch (error) {
        // Who may see one model alone may not list all: the store answers, and knows who asks.
        if (call.trouble?.why !== 'S3 answered 403 AccessDenied') throw error;
      }
    };
    await this.#calls.run({ operation: 'health' }, work).catch(() => undefined);
  }

  async #at<T>(
    what: { readonly operation: string; readonly key: string },
    work: (call: Call) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    checkKey(what.key);
    return this.#calls.run(what, work, signal);
  }

  async #write(call: Call, what: Pick<Write, 'key' | 'bytes' | 'expected'>): Promise<WriteOutcome> {
    await this.#conditions.check(call);
    const writeId = Buffer.from(this.settings.random.bytes(16)).toString('hex');
    return new ConditionalWrite({ ...what, bucket: this.settings.bucket, writeId }, call, this.#calls).run();
  }

  async #fetch(call: Call, key: string): Promise<Fetched | undefined> {
    const answer = await call.ask((client) => getObject(client, { bucket: this.settings.bucket, key }));
    return 'value' in answer ? answer.value : undefined;
  }
}

/** Objects of other tools, or restored without what was stored beside them, have no digest: they are taken as they are. */
function isSound({ bytes, sha256 }: Fetched): boolean {
  return sha256 === undefined || sha256Hex(bytes) === sha256;
}

function stored({ bytes, revision }: Fetched): StoredObject {
  return { bytes, revision };
}

/** A listing is refused by nothing that a caller expects. */
function valueOf<T>(answer: Answer<T>): T {
  if ('value' in answer) return answer.value;
  throw new Error(`a listing was refused: ${answer.refused}`);
}

function unknownOutcome(key: string): FaceHashError {
  return new FaceHashError('STORE_UNAVAILABLE', { key, why: 'the answer to a write was lost, and what is there now does not tell' });
}
