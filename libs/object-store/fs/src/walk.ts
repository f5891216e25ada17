import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isKey } from '@facehash/object-store-core';
import { isErrno } from './errno.js';

/**
 * Keys of the files below `root/folder` that start with the prefix, in the order of the whole keys. Links are neither files nor followed;
 * names that cannot be part of a key (our own folders, what an editor left) are passed over.
 */
export async function* keysBelow(root: string, folder: string, prefix: string): AsyncIterable<string> {
  // A folder sorts as its keys do, that is with the slash behind its name.
  const children = (await entriesOf(join(root, folder))).map((entry) => ({
    key: folder === '' ? entry.name : `${folder}/${entry.name}`,
    entry,
    order: entry.isDirectory() ? `${entry.name}/` : entry.name,
  }));
  children.sort((a, b) => (a.order < b.order ? -1 : 1));
  for (const { key, entry } of children) {
    if (!isKey(key) || !key.startsWith(prefix)) continue;
    if (entry.isDirectory()) yield* keysBelow(root, key, prefix);
    else if (entry.isFile()) yield key;
  }
}

async function entriesOf(path: string) {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
