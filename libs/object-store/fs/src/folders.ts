import { lstat, mkdir, open, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno } from './errno.js';

/** Photos show people: nobody but the owner looks into the folders and files of the store. */
const FOLDER_MODE = 0o700;
/** Some MB of paths at most. What was forgotten is synced once more, which costs milliseconds. */
const REMEMBERED_MAX = 10_000;

/** A name in a folder survives a power cut once the folder itself was synced. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes the folder that everything lies in, durable in all its parents; its path without links. */
export async function makeRoot(path: string): Promise<string> {
  const firstMade = await mkdir(path, { recursive: true, mode: FOLDER_MODE });
  const root = await realpath(path);
  if (firstMade === undefined) return root;
  const top = dirname(await realpath(firstMade));
  for (let folder = root; folder !== top;) {
    folder = dirname(folder);
    await syncFolder(folder);
  }
  return root;
}

/** The folders below the root. No link on the way is followed: it could lead out of the root. */
export class Folders {
  readonly #durable = new Set<string>();

  constructor(private readonly root: string) {}

  /** Whether this folder is there. Throws where a link is on the way. */
  async has(path: string): Promise<boolean> {
    try {
      if ((await realpath(path)) !== path) throw new Error('a link is on the way to this folder, and links are not followed');
      return true;
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false;
      throw error;
    }
  }

  /**
   * Makes the folder and those above it, each durable in its parent. Also those that are there already: whoever made them may not
   * have come to the sync yet, or died before it. Once per folder and process.
   */
  async makeDurable(path: string): Promise<void> {
    if (this.#durable.has(path) && (await this.has(path))) return;
    let folder = this.root;
    for (const name of path.slice(this.root.length + 1).split('/')) {
      if (name === '') continue;
      const parent = folder;
      folder = join(parent, name);
      const made = await makeFolder(folder);
      if (made || !this.#durable.has(folder)) await syncFolder(parent);
      this.#remember(folder);
    }
  }

  #remember(path: string): void {
    if (this.#durable.size >= REMEMBERED_MAX) this.#durable.clear();
    this.#durable.add(path);
  }
}

async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: FOLDER_MODE });
    return true;
  } catch (error) {
    if (!isErrno(error, 'EEXIST') || !(await lstat(path)).isDirectory()) throw error;
    return false;
  }
}
