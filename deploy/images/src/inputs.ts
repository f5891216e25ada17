import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../../tools/setup/cache.mjs';
import { closureOf, type LockFile } from '../steps/closure.mjs';
import { programs } from './programs.js';

/** What every image of a program depends on, beside the packages that are in it. */
const shared = [
  'deploy/images/Dockerfile',
  'deploy/images/Dockerfile.dockerignore',
  'deploy/images/steps',
  'package-lock.json',
  'tsconfig.base.json',
];
/** What set-up's scripts for the addon and for TensorFlow consist of, as the Dockerfile copies them. */
const setUp = ['cache', 'node-runtime', 'opencv-addon', 'optional-packages', 'packages', 'set-up-error', 'tensorflow'].map(
  (name) => `tools/setup/${name}.mjs`,
);
const native = ['tools/process/children.mjs', 'tools/setup/tensorflow', ...setUp];
/** The networks' converter is in no image, what it writes is. */
const converter = ['libs/vision/networks', 'libs/kernel'];
/** As in Dockerfile.dockerignore: what no build sees. */
const ignored = /(^|\/)(node_modules|dist|README\.md)$|\.test\.(ts|mjs)$|\.tsbuildinfo$/;

/**
 * A digest that changes with everything that decides what is in the image: recipe, lock file, base, and the sources of the packages that
 * it needs. Not with the revision, which is a label: an unchanged image keeps the label of the revision that it was built at.
 */
export async function inputsDigest(root: string, image: { readonly name: string; readonly facts: readonly string[] }): Promise<string> {
  const roots = programs[image.name] ?? [];
  const lock = asLockFile(JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')));
  const own = closureOf(lock, roots).filter((place) => !place.includes('node_modules/'));
  const forPictures = own.includes('services/vision-worker') ? [...converter, ...native] : [];
  const parts: (string | Uint8Array)[] = [image.name, ...image.facts];
  for (const path of [...new Set([...shared, ...own, ...forPictures])].sort()) parts.push(...(await contentsOf(root, path)));
  return digestOf(parts).slice(0, 16);
}

async function contentsOf(root: string, path: string): Promise<readonly (string | Uint8Array)[]> {
  if (ignored.test(path)) return [];
  if (!(await stat(join(root, path))).isDirectory()) return [path, await readFile(join(root, path))];
  const names = await readdir(join(root, path));
  const parts: (string | Uint8Array)[] = [];
  for (const name of names.sort()) parts.push(...(await contentsOf(root, `${path}/${name}`)));
  return parts;
}

function asLockFile(value: unknown): LockFile {
  if (isLockFile(value)) return value;
  throw new TypeError('package-lock.json names no packages');
}

function isLockFile(value: unknown): value is LockFile {
  return typeof value === 'object' && value !== null && 'packages' in value;
}
