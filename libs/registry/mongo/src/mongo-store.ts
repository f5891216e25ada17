import { backoffMs, deadline, FaceHashError, unlessAborted, type Clock, type Logger, type Random } from '@facehash/kernel';
import { Mongoose, type Connection, type mongo } from 'mongoose';
import { isPassing } from './mongo-errors.js';
import { prepare } from './prepare.js';
import { tablesOn, type Tables } from './tables.js';

/** Between attempts of a call, and between attempts to connect at first. */
const REPEAT = { firstMs: 20, maxMs: 1000 };
const CONNECT = { firstMs: 200, maxMs: 10_000 };

export interface Health {
  readonly ok: boolean;
  /** Null when all is well. */
  readonly why: string | null;
}

export interface StoreSettings {
  readonly url: string;
  readonly database: string;
  readonly timeoutMs: number;
  readonly attemptMs: number;
  readonly clientOptions: () => Promise<mongo.MongoClientOptions>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * The connections to the server. It connects for as long as it takes, at first by itself and later by the driver, and knows at any time
 * whether the server answers.
 */
export class MongoStore {
  readonly #stop = new AbortController();
  readonly #ready = Promise.withResolvers<Tables>();
  readonly #connecting: Promise<void>;
  #connection: Connection | undefined;
  #why: string | null = 'not connected yet';
  #refused = false;
  /** What the log said last. */
  #told: 'well' | 'troubled' | undefined;

  constructor(private readonly settings: StoreSettings) {
    this.#ready.promise.catch(() => undefined);
    this.#connecting = this.#connect();
  }

  /** Resolves once it can be used, or `ms` later: then it goes on by itself. Why it never could, in words, when that is known by then. */
  async started(ms: number): Promise<string | undefined> {
    await unlessAborted(this.#connecting, deadline(ms, this.#stop.signal)).catch(() => undefined);
    return this.#refused ? (this.#why ?? undefined) : undefined;
  }

  health(): Health {
    return { ok: this.#why === null, why: this.#why };
  }

  /**
   * Does the work, and again for as long as the deadline allows while the trouble is one that passes. So the work must be safe to repeat,
   * also where it was done and only its answer was lost. What it throws of ours passes; the rest is STORE_UNAVAILABLE.
   */
  async do<T>(work: (tables: Tables, within: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const { timeoutMs, clock, random } = this.settings;
    const within = deadline(timeoutMs, signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal);
    let last: unknown;
    for (let attempt = 0; ; attempt++) {
      try {
        const tables = await unlessAborted(this.#ready.promise, within);
        return await unlessAborted(work(tables, within), within);
      } catch (error) {
        signal?.throwIfAborted();
        if (within.aborted) throw this.#unavailable(last ?? error);
        if (error instanceof FaceHashError) throw error;
        if (!isPassing(error)) throw this.#unavailable(error);
        last = error;
      }
      await clock.sleep(backoffMs(attempt, REPEAT, random), within).catch(() => undefined);
    }
  }

  /** Calls that are under way are rejected. Safe to call more than once. */
  async close(): Promise<void> {
    this.#stop.abort(new FaceHashError('STORE_UNAVAILABLE', { store: 'mongodb', why: 'closed' }));
    this.#why = 'closed';
    await this.#connection?.destroy(true).catch(() => undefined);
    await this.#connecting;
  }

  async #connect(): Promise<void> {
    const { clock, random } = this.settings;
    for (let attempt = 0; !this.#stop.signal.aborted && !this.#refused; attempt++) {
      try {
        return await unlessAborted(this.#attempt(), this.#stop.signal);
      } catch (error) {
        this.#troubled(reasonOf(error));
        await this.#connection?.destroy(true).catch(() => undefined);
      }
      await clock.sleep(backoffMs(attempt, CONNECT, random), this.#stop.signal).catch(() => undefined);
    }
  }

  async #attempt(): Promise<void> {
    const { url, database: dbName, attemptMs, clientOptions } = this.settings;
    // A Mongoose of our own: settings and models of another user of the package are none of ours.
    const connection = new Mongoose().createConnection();
    this.#connection = connection;
    connection.on('error', () => undefined);
    await connection.openUri(url, { ...(await clientOptions()), dbName, autoIndex: false, autoCreate: false, bufferCommands: false });
    const tables = tablesOn(connection, attemptMs);
    const refusal = await prepare(tables);
    if (refusal !== undefined) return this.#refuse(refusal);
    connection.getClient().on('topologyDescriptionChanged', ({ newDescription }) => this.#seen(newDescription));
    this.#well();
    this.#ready.resolve(tables);
  }

  #refuse(why: string): void {
    this.#refused = true;
    this.#why = why;
    this.#ready.reject(this.#unavailable(new Error(why)));
    this.settings.logger.error('the database is not one for this program', { store: 'mongodb', why });
  }

  /** Whether there is a server that takes writes, as the driver sees it. */
  #seen(topology: mongo.TopologyDescription): void {
    const servers = [...topology.servers.values()];
    if (servers.some((server) => server.isWritable)) return this.#well();
    const error = servers.find((server) => server.error !== null)?.error;
    this.#troubled(error ? reasonOf(error) : 'no server takes writes');
  }

  #well(): void {
    if (this.#stop.signal.aborted) return;
    if (this.#told !== 'well') this.settings.logger.info('the database answers', { store: 'mongodb' });
    [this.#told, this.#why] = ['well', null];
  }

  /** Said once, and not at every attempt. */
  #troubled(why: string): void {
    if (this.#stop.signal.aborted) return;
    if (this.#told !== 'troubled') this.settings.logger.warn('the database does not answer: trying on', { store: 'mongodb', why });
    [this.#told, this.#why] = ['troubled', why];
  }

  #unavailable(cause: unknown): FaceHashError {
    return new FaceHashError('STORE_UNAVAILABLE', { store: 'mongodb', why: reasonOf(cause) }, { cause });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
