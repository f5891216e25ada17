import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailed } from './context.js';

const image = /\.(?:jpe?g|png|webp|gif|avif|tiff?)$/i;

export interface PhotoFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** The files that were named, and of folders the images that lie in them, in the order of their names. */
export async function photosIn(paths: readonly string[]): Promise<readonly PhotoFile[]> {
  const files = (await Promise.all(paths.map(filesAt))).flat();
  if (files.length === 0) throw new CommandFailed(`no images (JPEG, PNG, WebP, GIF, AVIF, TIFF) are in ${paths.join(', ')}`);
  return files;
}

async function filesAt(path: string): Promise<readonly PhotoFile[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new CommandFailed(`${path} cannot be read: ${reason(cause)}`);
  });
  if (!found.isDirectory()) return [{ path, sizeBytes: found.size }];
  const inside = (await readdir(path)).filter((name) => image.test(name) && !name.startsWith('.')).sort();
  const files = await Promise.all(inside.map(async (name) => ({ path: join(path, name), found: await stat(join(path, name)) })));
  return files.filter((file) => file.found.isFile()).map((file) => ({ path: file.path, sizeBytes: file.found.size }));
}

/** Of an error of the operating system, for a person. */
export function reason(error: unknown): string {
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'it is not there',
    EACCES: 'it may not be used',
    EISDIR: 'it is a folder',
    EEXIST: 'it is there already',
    ENOSPC: 'the disk is full',
  };
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'of an unknown kind';
  return known[code] ?? `the error is ${code}`;
}
