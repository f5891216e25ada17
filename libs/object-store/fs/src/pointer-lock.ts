import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { backoffMs, deadline, sha256Hex, unlessAborted, type Clock, type Random } from '@facehash/kernel';

/** Who holds the lock reads, renames and syncs: milliseconds. Longer means that the disk or the holder is stuck. */
const WAIT_MS = 10_000;
const POLL = { firstMs: 2, maxMs: 50 };
/** SQLite's result code for a lock that another connection holds: the low byte, whatever the rest says. */
const SQLITE_BUSY = 5;
/** Pointers share this many locks: two of different models seldom wait for each other, and the folder stays small. */
const LOCKS = 16;

/**
 * Lets one at a time change a pointer, in this process and in every other on this machine.
 *
 * A file that says "locked" would have to be recognised as abandoned after a kill -9: by a process id, which another process or another
 * container may have by then, and by removing the file, which races with somebody who has just made a new one. So the kernel keeps the lock:
 * a write transaction, in which nothing is written, on an empty SQLite file holds an fcntl lock, which ends with its process however
 * that ends. (Node has no call for such a lock of its own.) The files stay, empty, and mean nothing.
 */
export class PointerLock {
  /** The end of the line of those who wait in this process, by lock: they take turns instead of polling against each other. */
  readonly #line = new Map<string, Promise<unknown>>();

  constructor(
    private readonly folder: string,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly waitMs = WAIT_MS,
  ) {}

  /** Runs `work` while nobody else changes the pointer. Rejects with DEADLINE_EXCEEDED when the wait takes too long. */
  async alone<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const path = join(this.folder, `${Number.parseInt(sha256Hex(key).slice(0, 8), 16) % LOCKS}`);
    const before = this.#line.get(path) ?? Promise.resolve();
    const mine = Promise.withResolvers<undefined>();
    this.#line.set(
      path,
      before.then(() => mine.promise),
    );
    const enough = deadline(this.waitMs, signal);
    try {
      await unlessAborted(before, enough);
      const release = await this.#acquire(path, enough);
      try {
        return await work();
      } finally {
        release();
      }
    } finally {
      mine.resolve(undefined);
    }
  }

  async #acquire(path: string, signal: AbortSignal): Promise<() => void> {
    for (let attempt = 0; ; attempt++) {
      const release = tryToLock(path);
      if (release) return release;
      await this.clock.sleep(1 + backoffMs(attempt, POLL, this.random), signal);
    }
  }
}

/** Takes the lock if it is free. A connection of its own, because SQLite gives one connection one transaction: opening it costs 0.1 ms. */
function tryToLock(path: string): (() => void) | undefined {
  // No waiting inside SQLite: it would hold up the event loop.
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // In memory: a journal file would be left behind by a kill.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE');
    return () => database.close();
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'errcode' in error && Number(error.errcode) % 256 === SQLITE_BUSY;
}
