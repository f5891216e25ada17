import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

const dayMs = 24 * 3600_000;
/** A result that no checkout asked for in this time goes; it can always be built again. */
const unusedDaysMax = 30;

/** Where built things live that outlast a checkout: FACEHASH_CACHE_DIR, else the user's cache folder. */
export function cacheDirectory(env = process.env) {
  if (env.FACEHASH_CACHE_DIR) return resolve(env.FACEHASH_CACHE_DIR);
  // The XDG specification says to ignore a relative XDG_CACHE_HOME.
  const base = env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(base, 'facehash');
}

/** SHA-256 of all parts with their lengths, so that no two different lists of parts give the same digest. */
export function digestOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
}

/** Names and contents of the files below `directory` that `wanted` picks, in a fixed order. */
export async function contentsBelow(directory, wanted) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const parts = [];
  for (const path of paths.filter(wanted).sort()) parts.push(path.slice(directory.length), await readFile(path));
  return parts;
}

/**
 * Fills `directory` by `build(temporary)` and moves the result into place in one step: a reader sees nothing or everything, and of two
 * builders at the same time one wins and the other's work is dropped.
 */
export async function createDirectory(directory, build) {
  const temporary = `${directory}.building-${randomUUID()}`;
  await mkdir(temporary, { recursive: true });
  try {
    await build(temporary);
    await rename(temporary, directory);
  } catch (error) {
    if (!existsSync(directory) || !['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * Notes that `name` is in use and removes its siblings that nobody used for a long time, or that a killed build left. Only for results
 * that are copied from the cache before use: a program may have run for longer than that on the folder itself.
 */
export async function keepFresh(parent, name, nowMs = Date.now()) {
  const now = new Date(nowMs);
  await utimes(join(parent, name), now, now).catch(() => undefined); // a cache that is mounted read-only is fine
  await removeOld(parent, nowMs, (sibling) => (sibling === name ? Infinity : unusedDaysMax));
}

/** Removes what killed builds left, and nothing that is complete. */
export async function removeDeadBuilds(parent, nowMs = Date.now()) {
  await removeOld(parent, nowMs, () => Infinity);
}

async function removeOld(parent, nowMs, daysMaxOf) {
  for (const name of await readdir(parent)) {
    const { mtimeMs } = await stat(join(parent, name)).catch(() => ({ mtimeMs: nowMs }));
    const daysMax = name.includes('.building-') ? 1 : daysMaxOf(name);
    if (nowMs - mtimeMs > daysMax * dayMs) await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
