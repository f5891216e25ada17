import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Random } from '@facehash/kernel';
import { isErrno } from './errno.js';

const FILE_MODE = 0o600;
/** No write takes as long. Catches what a process left whose id somebody else has now. */
const OLD_MS = 15 * 60_000;

/** Files that are being written: complete and durable before they get their name. On the file system of the names, so that one call gives it. */
export class TemporaryFiles {
  constructor(
    private readonly folder: string,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** Writes a file and hands its path to `use`, which may move or link it. It is gone afterwards, whatever happened. */
  async with<T>(bytes: Uint8Array, use: (path: string) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const path = join(this.folder, `${process.pid}-${Buffer.from(this.random.bytes(12)).toString('hex')}`);
    try {
      const file = await open(path, 'wx', FILE_MODE);
      try {
        await file.writeFile(bytes, { signal });
        await file.sync();
      } finally {
        await file.close();
      }
      signal?.throwIfAborted();
      return await use(path);
    } finally {
      // The outcome is decided by now. What cannot be removed is left to the sweep.
      await rm(path, { force: true }).catch(() => undefined);
    }
  }

  /** Removes what processes wrote and died over. The name starts with the process id. */
  async sweep(): Promise<void> {
    const old = this.clock.now().getTime() - OLD_MS;
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name);
      const alive = isRunning(Number.parseInt(name, 10));
      if (!alive || (await modifiedAt(path)) < old) await rm(path, { force: true });
    }
  }
}

async function modifiedAt(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    // Its writer is done with it.
    if (isErrno(error, 'ENOENT')) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isErrno(error, 'ESRCH');
  }
}
