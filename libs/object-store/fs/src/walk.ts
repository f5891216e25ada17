import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from './durability.js';

/** Keys of all files below `root/from`, in the order of their keys. Our own folders begin with a dot at the root and are left out. */
export async function* keysBelow(root: string, from: string): AsyncIterable<string> {
  const entries = await readdir(join(root, from), { withFileTypes: true }).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return [];
    throw error;
  });
  // A folder sorts as its keys do, that is with the slash behind its name.
  const sorted = entries.map((entry) => ({ entry, order: entry.isDirectory() ? `${entry.name}/` : entry.name }));
  sorted.sort((a, b) => (a.order < b.order ? -1 : 1));
  for (const { entry } of sorted) {
    const key = from === '' ? entry.name : `${from}/${entry.name}`;
    if (from === '' && entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) yield* keysBelow(root, key);
    else if (entry.isFile()) yield key;
  }
}
