import { constants } from 'node:fs';
import { link, lstat, mkdir, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FaceHashError, sha256Hex, systemClock, systemRandom, type Clock, type Random } from '@facehash/kernel';
import { checkKey, checkPrefix, type ObjectInfo, type ObjectStore, type StoredObject } from '@facehash/object-store-core';
import { isErrno } from './errno.js';
import { Folders, makeRoot, syncFolder } from './folders.js';
import { PointerLock } from './pointer-lock.js';
import { TemporaryFiles } from './temporary.js';
import { keysBelow } from './walk.js';

/** No key begins with a dot, so these are out of the way of all objects. */
const TEMPORARY = '.tmp';
const LOCKS = '.locks';

export interface FsObjectStoreOptions {
  readonly clock?: Clock;
  readonly random?: Random;
}

/**
 * Objects as files below a directory, which several processes of one machine may use at once; a kill -9 at any moment leaves nothing
 * but a temporary file, which the next opening sweeps. A write is durable when it resolves: the file is synced before it gets its
 * name, and the folder after. Rejects with STORE_UNAVAILABLE.
 */
export async function openFsObjectStore(
  path: string,
  { clock = systemClock, random = systemRandom }: FsObjectStoreOptions = {},
): Promise<ObjectStore> {
  return orUnavailable({ directory: path }, undefined, async () => {
    const root = await makeRoot(path);
    for (const own of [TEMPORARY, LOCKS]) await mkdir(join(root, own), { recursive: true });
    const temporary = new TemporaryFiles(join(root, TEMPORARY), clock, random);
    await temporary.sweep();
    return new FsObjectStore(root, temporary, new PointerLock(join(root, LOCKS), clock, random));
  });
}

class FsObjectStore implements ObjectStore {
  readonly #folders: Folders;

  constructor(
    private readonly root: string,
    private readonly temporary: TemporaryFiles,
    private readonly lock: PointerLock,
  ) {
    this.#folders = new Folders(root);
  }

  create(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<'created' | 'exists'> {
    return this.#at(key, signal, async (path) => {
      const folder = dirname(path);
      await this.#folders.makeDurable(folder);
      const created = !(await isThere(path)) && (await this.temporary.with(bytes, (file) => linkIfAbsent(file, path), signal));
      // Also where it exists: whoever created it may not have come to this, and `exists` promises durability, too.
      await syncFolder(folder);
      return created ? 'created' : 'exists';
    });
  }

  read(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    return this.#at(key, signal, (path) => this.#read(path, signal));
  }
  replace(key: string, bytes: Uint8Array, expected: string | null, signal?: AbortSignal): Promise<string | undefined> {
    return this.#at(key, signal, async (path) => {
      // Whoever is late already needs neither file nor lock.
      if (!(await this.#isAt(path, expected, signal))) return undefined;
      await this.#folders.makeDurable(dirname(path));
      const written = await this.temporary.with(
        bytes,
        (file) => this.lock.alone(key, () => this.#swap(file, path, expected), signal),
        signal,
      );
      return written ? revisionOf(bytes) : undefined;
    });
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectInfo> {
    checkPrefix(prefix);
    const objects = this.#below(prefix)[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await orUnavailable({ prefix }, signal, () => objects.next());
      if (done === true) return;
      yield value;
    }
  }

  remove(key: string, signal?: AbortSignal): Promise<void> {
    return this.#at(key, signal, async (path) => {
      if (!(await this.#folders.has(dirname(path)))) return;
      // A replacement that is under way must not bring back what was removed.
      await this.lock.alone(key, () => unlinkIfThere(path), signal);
      await syncFolder(dirname(path));
    });
  }

  async *#below(prefix: string): AsyncGenerator<ObjectInfo, undefined> {
    const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
    if (!(await this.#folders.has(join(this.root, folder)))) return;
    for await (const key of keysBelow(this.root, folder, prefix)) {
      const sizeBytes = await sizeOf(join(this.root, key));
      if (sizeBytes !== undefined) yield { key, sizeBytes };
    }
  }

  /** Inside the lock. */
  async #swap(file: string, path: string, expected: string | null): Promise<boolean> {
    if (!(await this.#isAt(path, expected))) return false;
    // `create` takes no lock: a new name is given by the call that only one can win.
    if (expected === null && !(await linkIfAbsent(file, path))) return false;
    if (expected !== null) await rename(file, path);
    await syncFolder(dirname(path));
    return true;
  }

  async #isAt(path: string, expected: string | null, signal?: AbortSignal): Promise<boolean> {
    return ((await this.#read(path, signal))?.revision ?? null) === expected;
  }

  async #read(path: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    if (!(await this.#folders.has(dirname(path)))) return undefined;
    try {
      const bytes = new Uint8Array(await readFile(path, { flag: constants.O_RDONLY | constants.O_NOFOLLOW, signal }));
      return { bytes, revision: revisionOf(bytes) };
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined;
      throw error;
    }
  }

  async #at<T>(key: string, signal: AbortSignal | undefined, work: (path: string) => Promise<T>): Promise<T> {
    checkKey(key);
    return orUnavailable({ key }, signal, () => work(join(this.root, key)));
  }
}

/** What the operating system threw, as the error that the port promises, or the signal's reason if that is why. */
async function orUnavailable<T>(
  where: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await work();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new FaceHashError('STORE_UNAVAILABLE', where, { cause });
  }
}

/** The one call that decides a race: a name is linked once. */
async function linkIfAbsent(file: string, path: string): Promise<boolean> {
  try {
    await link(file, path);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST') && (await isThere(path))) return false;
    throw error;
  }
}

/** Whether an object is there. What is there but is none (a folder, a link) is an error: no bytes are kept under this key. */
async function isThere(path: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isFile()) throw new Error('something that is no file has the name of this object');
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) throw error;
  }
}

/** The content's own digest: whoever read a pointer may replace exactly what it read. */
function revisionOf(bytes: Uint8Array): string {
  return sha256Hex(bytes).slice(0, 32);
}
