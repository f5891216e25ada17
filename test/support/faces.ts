import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Folder of face photos (`lfw/<person>/<n>.jpg` or `lfw/<person>/<person>_<000n>.jpg`, `strangers/…`), undefined where none is given. */
export let facesDir: string | undefined = process.env['FACEHASH_FACES'];

/** For programs that take the folder as an argument. */
export function setFacesDir(folder: string): void {
  facesDir = folder;
}

export interface PersonPhotos {
  readonly name: string;
  readonly photos: readonly string[];
}

/** The persons of a set, with the paths of their photos in the order of their numbers. */
export async function people(set: string): Promise<readonly PersonPhotos[]> {
  if (facesDir === undefined) throw new Error('FACEHASH_FACES is not set');
  const folder = join(facesDir, set);
  const names = (await readdir(folder, { withFileTypes: true })).filter((e) => e.isDirectory()).map((e) => e.name);
  const persons = await Promise.all(names.sort().map(async (name) => ({ name, photos: await photosIn(join(folder, name)) })));
  return persons.filter((p) => p.photos.length > 0);
}

async function photosIn(folder: string): Promise<readonly string[]> {
  const files = (await readdir(folder)).filter((f) => f.endsWith('.jpg'));
  // `7.jpg`, or `Ann_Lee_0007.jpg` as LFW itself names them.
  const numberIn = (file: string): number => Number(/(\d+)\.jpg$/.exec(file)?.[1] ?? 0);
  files.sort((a, b) => numberIn(a) - numberIn(b));
  return files.map((f) => join(folder, f));
}

export function readAll(paths: readonly string[]): Promise<Buffer[]> {
  return Promise.all(paths.map((p) => readFile(p)));
}
