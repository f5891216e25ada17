import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { backoffMs, FaceHashError, systemClock, systemRandom, type Clock, type Random } from '@facehash/kernel';
import { migrate } from './migrate.js';
import { migrations } from './migrations.js';
import { isBusy } from './sqlite-errors.js';
import { transaction } from './transaction.js';

/** Nobody holds the write lock for longer than one commit, which is milliseconds. */
const WAIT_MS = 5000;
/** SQLite's own wait is inside a synchronous call: this long the event loop may stand still, not longer. */
const WAIT_IN_CALL_MS = 20;
const PAUSE = { firstMs: 10, maxMs: 100 };
/** Names of people and digests of keys: nobody but the owner reads them. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

export type Row = Readonly<Record<string, unknown>>;

export interface OpenOptions {
  /** How long a call waits while another process writes. */
  readonly waitMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What one atomic piece of work may do. Statements are prepared once. */
export interface Statements {
  /** The number of rows that changed. */
  run(sql: string, ...values: readonly SQLInputValue[]): number;
  row(sql: string, ...values: readonly SQLInputValue[]): Row | undefined;
  rows(sql: string, ...values: readonly SQLInputValue[]): readonly Row[];
}

/** One connection to the file. Everything that SQLite throws comes out as STORE_UNAVAILABLE with its cause; our own errors pass. */
export class Database implements Statements {
  readonly #prepared = new Map<string, StatementSync>();
  readonly #waitMs: number;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(
    private readonly connection: DatabaseSync,
    { waitMs = WAIT_MS, clock = systemClock, random = systemRandom }: OpenOptions,
  ) {
    this.#waitMs = waitMs;
    this.#clock = clock;
    this.#random = random;
  }

  /** Runs a single statement, or reads by several, and again while another process holds the write lock. */
  async do<T>(work: (statements: Statements) => T, signal?: AbortSignal): Promise<T> {
    const latest = this.#clock.now().getTime() + this.#waitMs;
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      try {
        return work(this);
      } catch (cause) {
        if (cause instanceof FaceHashError) throw cause;
        if (!isBusy(cause) || this.#clock.now().getTime() >= latest) throw unavailable(cause);
      }
      await this.#clock.sleep(backoffMs(attempt, PAUSE, this.#random), signal);
    }
  }

  /** Like `do`, as one transaction: nobody writes between its reading and its writing, and all of it happens or nothing. */
  alone<T>(work: (statements: Statements) => T, signal?: AbortSignal): Promise<T> {
    return this.do(() => transaction(this.connection, () => work(this)), signal);
  }

  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  row(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    // Not `get()`: it steps a writing statement with RETURNING once, and an error of the commit that follows is lost.
    return this.#prepare(sql).all(...values)[0];
  }

  rows(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#prepare(sql).all(...values);
  }

  /**
   * Takes what was deleted out of the log, too: until a checkpoint it holds pages as they were. Where somebody reads at that moment the log
   * stays, and SQLite's own checkpoints, or the next call, see to it.
   */
  async emptyLog(signal?: AbortSignal): Promise<void> {
    await this.do(() => this.connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all(), signal);
  }

  /** Safe to call more than once. */
  close(): void {
    this.#prepared.clear();
    if (this.connection.isOpen) this.connection.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const prepared = this.connection.prepare(sql);
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}

/**
 * Opens the database, making it if there is none, and brings it to the newest schema. WAL, so that the command line may read and write
 * beside the server; synchronous FULL, so that a call that returned is on the disk;
 * secure_delete, so that what is deleted is overwritten and not just unlisted. Throws STORE_UNAVAILABLE.
 */
export function openDatabase(path: string, options: OpenOptions = {}): Database {
  const { waitMs = WAIT_MS } = options;
  try {
    makeFolder(dirname(path));
    const isNew = !existsSync(path);
    // Opening may wait: nothing else runs yet.
    const connection = new DatabaseSync(path, { timeout: waitMs, enableForeignKeyConstraints: true });
    try {
      if (isNew) chmodSync(path, FILE_MODE);
      connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON');
      migrate(connection, migrations);
      connection.exec(`PRAGMA busy_timeout = ${Math.min(WAIT_IN_CALL_MS, waitMs)}`);
      return new Database(connection, options);
    } catch (error) {
      connection.close();
      throw error;
    }
  } catch (cause) {
    throw unavailable(cause);
  }
}

function unavailable(cause: unknown): FaceHashError {
  return new FaceHashError('STORE_UNAVAILABLE', { store: 'sqlite' }, { cause });
}

/** SQLite syncs the folder of its files, but nobody the names of folders that were just made. */
function makeFolder(path: string): void {
  const firstMade = mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
  if (firstMade === undefined) return;
  for (let folder = path; ; folder = dirname(folder)) {
    const above = openSync(dirname(folder), 'r');
    fsyncSync(above);
    closeSync(above);
    if (folder === firstMade || folder === dirname(folder)) return;
  }
}
