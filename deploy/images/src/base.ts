import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../../tools/setup/cache.mjs';
import type { Buildah } from './buildah.js';
import { alone, runCommand } from './command.js';
import type { Environment } from './config.js';

/** Raise it when this file makes the base in another way, so that no cache serves the old one. */
const RECIPE = 1;
const SUITE = 'bookworm';
/** What Node 24 brings along. The package that carries Node does not. */
const NPM = '11.19.1';
const DEBIAN = 'http://deb.debian.org/debian';
const TIMEOUT_MS = 20 * 60_000;

/** What Debian's slim images leave out, now and at each later installation. */
const notInSlim = ['doc', 'man', 'info', 'locale', 'groff', 'lintian', 'linda', 'bug'].map((name) => `/usr/share/${name}`);
const dpkgSettings = [...notInSlim.map((folder) => `path-exclude ${folder}/*`), 'path-include /usr/share/doc/*/copyright', ''].join('\n');

export interface BaseOptions {
  /** The checkout, whose node_modules carries Node. */
  readonly root: string;
  readonly folder: string;
  readonly env: Environment;
  readonly say: (what: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An image that stands in for node:24-bookworm-slim where no registry can be reached: Debian's minimal system from its packages, Node and
 * npm from npm's registry. Made once; `reference` names what it was made of.
 */
export async function standInBase(buildah: Buildah, options: BaseOptions): Promise<string> {
  const reference = await baseReference(options.root);
  if (await buildah.has(reference)) return reference;
  options.say(`making a base of Debian's packages and Node (one to three minutes)`);
  // Always the same folder, so that what a killed build left of it is found: builds of images wait for one another.
  const rootfs = join(options.folder, 'base.building');
  await rm(rootfs, { recursive: true, force: true });
  try {
    await fill(rootfs, options);
    const container = (await buildah.run(['from', 'scratch'])).stdout.trim();
    await buildah.run(['copy', '--quiet', container, rootfs, '/']);
    await buildah.run(['config', '--env', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', container]);
    await buildah.run(['commit', '--quiet', '--rm', container, reference]);
  } finally {
    await rm(rootfs, { recursive: true, force: true });
  }
  return reference;
}

/** Named by all that decides what is in it, beside the state of Debian's archive. */
export async function baseReference(root: string): Promise<string> {
  const { name, version } = parsedPackage(await readFile(join(nodePackage(root), 'package.json'), 'utf8'));
  return `localhost/facehash/base:${digestOf([String(RECIPE), SUITE, NPM, name, version, dpkgSettings]).slice(0, 12)}`;
}

function nodePackage(root: string): string {
  return join(root, 'node_modules', `node-${process.platform}-${process.arch}`);
}

function parsedPackage(text: string): { readonly name: string; readonly version: string } {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && 'name' in value && 'version' in value) {
    return { name: String(value.name), version: String(value.version) };
  }
  throw new TypeError('a package.json without a name and a version');
}

async function fill(rootfs: string, { root, env, signal }: BaseOptions): Promise<void> {
  const options = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: TIMEOUT_MS, signal };
  const mirror = await debianMirror(env);
  await runCommand(alone(['debootstrap', '--variant=minbase', SUITE, rootfs, mirror]), options);
  await slim(rootfs);
  const local = join(rootfs, 'usr/local');
  await cp(join(nodePackage(root), 'bin/node'), join(local, 'bin/node'));
  await cp(join(nodePackage(root), 'include/node'), join(local, 'include/node'), { recursive: true });
  await runCommand(['npm', 'install', '--global', '--silent', '--prefix', local, `npm@${NPM}`], options);
}

async function slim(rootfs: string): Promise<void> {
  await mkdir(join(rootfs, 'etc/dpkg/dpkg.cfg.d'), { recursive: true });
  await writeFile(join(rootfs, 'etc/dpkg/dpkg.cfg.d/slim'), dpkgSettings);
  const leftBehind = ['var/cache/apt/archives', 'var/lib/apt/lists', 'var/log', 'var/cache/debconf', 'debootstrap'];
  // Licences are in /usr/share/doc, so that one is left to the image's own trimming, which keeps them.
  const folders = notInSlim.filter((folder) => folder !== '/usr/share/doc');
  for (const folder of [...folders, ...leftBehind]) await rm(join(rootfs, folder), { recursive: true, force: true });
  for (const folder of ['var/cache/apt/archives/partial', 'var/lib/apt/lists/partial', 'var/log', 'var/cache/debconf'])
    await mkdir(join(rootfs, folder), { recursive: true });
}

/** The archive that this machine installs from, where it is a Debian of the same release. */
async function debianMirror(env: Environment): Promise<string> {
  const asked = [
    'apt-get',
    'indextargets',
    '--format',
    '$(REPO_URI)',
    'Created-By: Packages',
    `Codename: ${SUITE}`,
    'Origin: Debian',
    'Component: main',
  ];
  const { stdout } = await runCommand(asked, { env, timeoutMs: 30_000 }).catch(() => ({ stdout: '' }));
  return stdout.split('\n')[0]?.trim() || DEBIAN;
}
