import { open, mkdir, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaceHashError } from '@facehash/kernel';

const LOCK_WAIT_MS = 10_000;
const LOCK_POLL_MS = 5;

export function isErrno(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

/** A name in a directory survives a power cut once the directory itself was synced. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Makes the directories between `root` and `path`, each durable in its parent. */
export async function makeDirectories(root: string, path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  const made = relative(dirname(first), path).split('/');
  for (let i = 0; i < made.length; i++) await syncDirectory(join(dirname(first), ...made.slice(0, i)));
}

/** Files that a process wrote and died over before they got their name. The name starts with the process id. */
export async function sweepTemporary(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!isRunning(Number.parseInt(name, 10))) await unlink(join(folder, name)).catch(() => undefined);
  }
}

const waiting = new Map<string, Promise<unknown>>();

/**
 * Runs `work` alone among all who lock the same path: in this process by a chain of promises, among processes by a file that names
 * its holder. A holder that was killed is found out by its process id; its lock is renamed away first, which only one can do.
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const before = waiting.get(path) ?? Promise.resolve();
  const mine = before.then(() => amongProcesses(path, work));
  const settled = mine.catch(() => undefined);
  waiting.set(path, settled);
  try {
    return await mine;
  } finally {
    if (waiting.get(path) === settled) waiting.delete(path);
  }
}

async function amongProcesses<T>(path: string, work: () => Promise<T>): Promise<T> {
  for (let waitedMs = 0; !(await taken(path)); waitedMs += LOCK_POLL_MS) {
    if (waitedMs >= LOCK_WAIT_MS) throw new FaceHashError('STORE_UNAVAILABLE', { lock: path });
    await releaseIfAbandoned(path);
    await sleep(LOCK_POLL_MS);
  }
  try {
    return await work();
  } finally {
    await unlink(path);
  }
}

async function taken(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

async function releaseIfAbandoned(path: string): Promise<void> {
  const holder = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10);
  // An empty file: its holder is about to write its id, or died in between and is taken for alive until the wait ends.
  if (Number.isNaN(holder) || isRunning(holder)) return;
  const aside = `${path}.${process.pid}`;
  await rename(path, aside).catch(() => undefined);
  await unlink(aside).catch(() => undefined);
}

/** A process id may have been given to another process since: then what it left is kept, which does no harm but cost space. */
function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isErrno(error, 'ESRCH');
  }
}
