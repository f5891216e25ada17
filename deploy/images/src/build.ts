import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programOnPath, serverBinaries } from '@facehash/test-servers';
import { cacheDirectory, digestOf } from '../../../tools/setup/cache.mjs';
import { withLock } from '../../../tools/setup/lock.mjs';
import { writeBillOfMaterials } from './archive.js';
import { baseReference, standInBase } from './base.js';
import { Buildah } from './buildah.js';
import { runCommand } from './command.js';
import { ownEnvironment, type Environment } from './config.js';
import { secretsOfHost } from './host-settings.js';
import { ImagesError } from './images-error.js';
import { inputsDigest } from './inputs.js';
import { imageNames, programs, servers } from './programs.js';
import { fillServerContext } from './server-image.js';
import { stepOf } from './steps-of-build.js';

/** The checkout that this file belongs to, compiled or not. */
const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const HEARTBEAT_MS = 20_000;
const GIT_TIMEOUT_MS = 10_000;
const dayMs = 24 * 3600_000;
/** An archive that nobody asked for in this time goes; it can always be built again. */
const unusedDaysMax = 30;

export interface BuildOptions {
  /** Default: the cache that all of the project's set-up uses. Everything lies in `<cacheDir>/images`. */
  readonly cacheDir?: string;
  readonly env?: Environment;
  /** TensorFlow's libraries in trainer-gpu; default `cpu`. */
  readonly tensorflow?: 'cpu' | 'cuda';
  /** Called with a line when there is something to build, while it goes on, and when it is done. */
  readonly onProgress?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface BuiltImage {
  /** `localhost/facehash/inference:4f0c2a91d3e7b6a5`: the tag is the digest of what it was made of. */
  readonly reference: string;
  /** A docker-archive; its bill of materials lies beside it as `.cdx.json`. */
  readonly archive: string;
}

/**
 * Archives of the named images, of which those are built that the cache lacks: without a container engine, a registry or a daemon.
 * @throws {ImagesError} `unknownName`, `cannotBuildHere` (no buildah, say) or `buildFailed`
 */
export async function buildImages(names: readonly string[], options: BuildOptions = {}): Promise<Record<string, BuiltImage>> {
  const unknown = names.filter((name) => !imageNames.includes(name));
  if (unknown.length > 0) {
    throw new ImagesError('unknownName', `There is no image ${unknown.join(', ')}. There are: ${imageNames.join(', ')}.`);
  }
  const context = contextOf(options);
  const images: Record<string, BuiltImage> = {};
  for (const name of names) images[name] = await built(name, context);
  return images;
}

interface Context {
  readonly folder: string;
  readonly env: Environment;
  readonly tensorflow: 'cpu' | 'cuda';
  readonly cacheDir: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}

function contextOf({ cacheDir, env = ownEnvironment(), tensorflow = 'cpu', onProgress, signal }: BuildOptions): Context {
  const cache = cacheDir ?? cacheDirectory(env);
  return { cacheDir: cache, folder: join(cache, 'images'), env, tensorflow, say: onProgress ?? (() => undefined), signal };
}

/** One build at a time in a cache: the second to come waits for the first, and then finds what it wants. */
async function built(name: string, context: Context): Promise<BuiltImage> {
  const recipe = name in programs ? await programRecipe(name, context) : await serverRecipe(name, context);
  const image = { reference: `localhost/facehash/${name}:${recipe.digest}`, archive: join(context.folder, `${name}-${recipe.digest}.tar`) };
  if (!existsSync(image.archive)) {
    needsTools(context.env);
    await mkdir(context.folder, { recursive: true });
    const onWait = (): void => context.say(`${name}: waiting for another build of images`);
    const makeUnlessThere = async (): Promise<void> => {
      if (!existsSync(image.archive)) await make({ name, image, recipe }, context);
    };
    await withLock(context.folder, makeUnlessThere, { onWait });
  }
  await keepFresh(context.folder, basename(image.archive));
  return image;
}

interface Recipe {
  readonly digest: string;
  /** Builds and tags the image. */
  readonly build: (
    buildah: Buildah,
    job: { readonly reference: string; readonly scratch: string; readonly onLine: (line: string) => void },
  ) => Promise<void>;
}

async function make({ name, image, recipe }: { name: string; image: BuiltImage; recipe: Recipe }, context: Context): Promise<void> {
  const { folder, env, signal, say } = context;
  const startedAt = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - startedAt) / 1000)} s`;
  let doing = 'beginning';
  say(`${name}: building`);
  const heartbeat = setInterval(() => say(`${name}: still at it (${seconds()}): ${doing}`), HEARTBEAT_MS);
  const scratch = await mkdtemp(join(tmpdir(), 'facehash-image-'));
  const buildah = new Buildah({ folder, env, signal });
  const unfinished = `${image.archive}.building`;
  try {
    await buildah.clean();
    await recipe.build(buildah, { reference: image.reference, scratch, onLine: (line) => (doing = stepOf(line) ?? doing) });
    doing = 'writing the archive';
    await rm(unfinished, { force: true });
    await buildah.run(['push', '--quiet', image.reference, `docker-archive:${unfinished}:${image.reference}`]);
    await writeBillOfMaterials(unfinished, image.archive.replace(/\.tar$/, '.cdx.json'), env);
    await rename(unfinished, image.archive);
  } finally {
    clearInterval(heartbeat);
    await rm(scratch, { recursive: true, force: true });
    await rm(unfinished, { force: true });
    await buildah.run(['rm', '--all'], { final: true }).catch(() => undefined); // the next build cleans as well, and says what is wrong
  }
  say(`${name}: built (${seconds()})`);
}

async function programRecipe(name: string, context: Context): Promise<Recipe> {
  const { tensorflow, env, folder, say, signal } = context;
  const facts = [await baseReference(checkout), ...(name === 'trainer-gpu' ? [tensorflow] : [])];
  return {
    digest: await inputsDigest(checkout, { name, facts }),
    build: async (buildah, { reference, scratch, onLine }) => {
      const base = await standInBase(buildah, { root: checkout, folder, env, say: (what) => say(`${name}: ${what}`), signal });
      const images = join(checkout, 'deploy/images');
      const args = { BASE: base, TENSORFLOW: tensorflow, ...(await labels(env)) };
      await buildah.run(
        [
          ...['build', '--layers', '--pull=never', '--format', 'docker', '--target', name, '--tag', reference],
          ...['--file', join(images, 'Dockerfile'), '--ignorefile', join(images, 'Dockerfile.dockerignore')],
          ...Object.entries(args).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
          ...(await addonsOfHost(folder, scratch)),
          ...(await secretsOfHost(scratch, env)),
          checkout,
        ],
        { onLine },
      );
    },
  };
}

/** What set-up built of the native face detector into the same cache: a build for the same versions saves minutes by it. */
async function addonsOfHost(folder: string, scratch: string): Promise<readonly string[]> {
  const built = join(folder, '../opencv-addon');
  const empty = join(scratch, 'no-addons');
  await mkdir(empty);
  return ['--build-context', `built-addons=${existsSync(built) ? built : empty}`];
}

async function serverRecipe(name: string, { cacheDir, env, say, signal }: Context): Promise<Recipe> {
  const program = servers[name] ?? name;
  const options = { cacheDir, env, onProgress: say, ...(signal && { signal }) };
  const binary = (await serverBinaries([program], options))[program];
  if (binary === undefined) throw new ImagesError('cannotBuildHere', `There is no program for the image of ${name}.`);
  const dockerfile = join(checkout, 'deploy/images/Dockerfile.server');
  return {
    digest: digestOf([name, await readFile(dockerfile), await readFile(binary)]).slice(0, 16),
    build: async (buildah, { reference, scratch, onLine }) => {
      await fillServerContext(scratch, binary);
      const args = ['build', '--format', 'docker', '--target', name, '--tag', reference, '--file', dockerfile];
      await buildah.run([...args, ...labelArguments(await labels(env)), scratch], { onLine });
    },
  };
}

function labelArguments({ REVISION, VERSION }: Labels): readonly string[] {
  return ['--label', `org.opencontainers.image.revision=${REVISION}`, '--label', `org.opencontainers.image.version=${VERSION}`];
}

interface Labels {
  readonly VERSION: string;
  readonly REVISION: string;
  readonly SOURCE: string;
}

async function labels(env: Environment): Promise<Labels> {
  const git = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await runCommand(['git', '-C', checkout, ...args], { env, timeoutMs: GIT_TIMEOUT_MS }).catch(() => ({ stdout: '' }));
    return stdout.trim() || 'unknown';
  };
  const manifest: unknown = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0.0.0';
  return { VERSION: version, REVISION: await git('rev-parse', 'HEAD'), SOURCE: publicAddress(await git('remote', 'get-url', 'origin')) };
}

/** An address that anyone may read: no path of this machine, no user name and no password. */
export function publicAddress(remote: string): string {
  if (!URL.canParse(remote)) return 'unknown';
  const { protocol, host, pathname } = new URL(remote);
  return protocol === 'https:' ? `https://${host}${pathname}` : 'unknown';
}

function needsTools(env: Environment): void {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new ImagesError('cannotBuildHere', 'Images are built by root on Linux; elsewhere by Docker, as deploy/README.md says.');
  }
  const missing = ['buildah', 'debootstrap', 'unshare', 'setpriv'].filter((name) => programOnPath([name], env) === undefined);
  if (missing.length > 0) throw new ImagesError('cannotBuildHere', `Images need ${missing.join(', ')} to be built without Docker.`);
}

/** Notes that an archive is in use, and removes those that nobody used for a long time. */
async function keepFresh(folder: string, name: string): Promise<void> {
  const now = new Date();
  await utimes(join(folder, name), now, now);
  for (const other of (await readdir(folder)).filter((file) => /\.(tar|cdx\.json)$/.test(file)))
    await removeIfOld(join(folder, other), now);
}

async function removeIfOld(path: string, now: Date): Promise<void> {
  const archive = path.replace(/\.cdx\.json$/, '.tar');
  const { mtimeMs } = await stat(archive).catch(() => stat(path));
  if (now.getTime() - mtimeMs > unusedDaysMax * dayMs) await rm(path, { force: true });
}
