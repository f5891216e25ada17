import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FaceHashError, sha256Hex } from '@facehash/kernel';
import { checkKey, type ObjectInfo, type ObjectStore, type StoredObject } from '@facehash/object-store-core';
import { isErrno, makeDirectories, sweepTemporary, syncDirectory, withLock } from './durability.js';
import { keysBelow } from './walk.js';

const TEMPORARY = '.tmp';
const LOCKS = '.locks';

/** Objects as files below a directory. A write is durable when it resolves: file and directory are synced. */
export async function openFsObjectStore(root: string): Promise<ObjectStore> {
  await mkdir(join(root, TEMPORARY), { recursive: true });
  await mkdir(join(root, LOCKS), { recursive: true });
  await sweepTemporary(join(root, TEMPORARY));
  return new FsObjectStore(root);
}

class FsObjectStore implements ObjectStore {
  constructor(private readonly root: string) {}

  create(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<'created' | 'exists'> {
    return this.#guarded(key, signal, async (path) => {
      const temporary = await this.#writeTemporary(bytes);
      try {
        await makeDirectories(this.root, dirname(path));
        const created = await linkIfAbsent(temporary, path);
        // Also where it exists: whoever created it may not have synced yet, and `exists` promises durability, too.
        await syncDirectory(dirname(path));
        return created ? 'created' : 'exists';
      } finally {
        await unlink(temporary);
      }
    });
  }

  read(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    return this.#guarded(key, signal, (path) => readObject(path));
  }

  replace(key: string, bytes: Uint8Array, expected: string | null, signal?: AbortSignal): Promise<string | undefined> {
    return this.#guarded(key, signal, (path) =>
      withLock(join(this.root, LOCKS, sha256Hex(key)), async () => {
        const before = await readObject(path);
        if ((before?.revision ?? null) !== expected) return undefined;
        const temporary = await this.#writeTemporary(bytes);
        await makeDirectories(this.root, dirname(path));
        await rename(temporary, path);
        await syncDirectory(dirname(path));
        return revisionOf(bytes);
      }),
    );
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectInfo> {
    signal?.throwIfAborted();
    const from = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
    if (from !== '') checkKey(from);
    for await (const key of keysBelow(this.root, from)) {
      signal?.throwIfAborted();
      if (!key.startsWith(prefix)) continue;
      const info = await stat(join(this.root, key)).catch(() => undefined);
      if (info) yield { key, sizeBytes: info.size };
    }
  }

  remove(key: string, signal?: AbortSignal): Promise<void> {
    return this.#guarded(key, signal, async (path) => {
      await rm(path, { force: true });
      await syncDirectory(dirname(path)).catch(() => undefined);
    });
  }

  async #writeTemporary(bytes: Uint8Array): Promise<string> {
    const path = join(this.root, TEMPORARY, `${process.pid}-${randomUUID()}`);
    const file = await open(path, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    return path;
  }

  async #guarded<T>(key: string, signal: AbortSignal | undefined, work: (path: string) => Promise<T>): Promise<T> {
    checkKey(key);
    signal?.throwIfAborted();
    try {
      return await work(join(this.root, key));
    } catch (cause) {
      if (cause instanceof FaceHashError) throw cause;
      throw new FaceHashError('STORE_UNAVAILABLE', { key }, { cause });
    }
  }
}

/** The one call that decides a race: a name is linked once. */
async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

async function readObject(path: string): Promise<StoredObject | undefined> {
  try {
    const bytes = new Uint8Array(await readFile(path));
    return { bytes, revision: revisionOf(bytes) };
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** The content's own digest: whoever read a pointer may replace exactly what it read. */
function revisionOf(bytes: Uint8Array): string {
  return sha256Hex(bytes).slice(0, 32);
}
