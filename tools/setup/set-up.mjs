import { realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from './cache.mjs';
import { compile } from './compile.mjs';
import { withLock } from './lock.mjs';
import { networks } from './networks.mjs';
import { environmentOfPrograms, nodeRuntime } from './node-runtime.mjs';
import { buildOpencvAddon, cacheOpencvAddon, installCachedOpencvAddon } from './opencv-addon.mjs';
import { packages } from './packages.mjs';
import { progress, seconds } from './progress.mjs';
import { SetUpError } from './set-up-error.mjs';
import { browserForTests, clusterTools, imageTools, systemLibraries } from './system-libraries.mjs';
import { tensorflow } from './tensorflow.mjs';

const portablePath = 'Face detection runs on its portable path (WebAssembly): the same faces, somewhat slower.';
const builtLater = 'The native face detector is built in the background, for the next start.';

/**
 * Makes a checkout ready to run. Every step finds out by itself whether there is anything to do, so calling this again costs seconds.
 * @param {{purpose: 'start' | 'test' | 'command', root: string, projects?: readonly string[], quiet?: boolean, write?: (line: string) => void}} options
 *   `start` waits for no native face detector: where the cache has none, detection runs on its portable path, and `later` builds it;
 *   `test` compiles the tests as well, builds the detector first, and does not accept one that fails to build where it could be built;
 *   `command` is for a program that looks at no picture: neither face detector nor networks, and so no apt;
 *   `projects`: what to compile where it is not the product
 * @returns {Promise<{node: string, env: Record<string, string>, later?: (signal: AbortSignal) => Promise<void>}>} the Node to run
 *   programs with, their environment, and work for the time while they run
 */
export async function setUp(options) {
  const context = setUpContext(options);
  return alone(context, async () => {
    const [tools, libraries] = await sideBySide([installPrograms(context), installLibraries(context)]);
    return { ...tools, later: await installFaceDetector(context, libraries) };
  });
}

async function installPrograms(context) {
  const tools = await installNode(context);
  await compileSources(context, tools);
  if (!context.forPictures) return tools;
  return { ...tools, env: { ...tools.env, FACEHASH_NETWORKS_DIR: await convertNetworks(context, tools) } };
}

/** @param {{purpose: string, root: string, projects?: readonly string[], quiet?: boolean, write?: (line: string) => void, stepsMore?: number}} options */
export function setUpContext({ purpose, root, projects, quiet = false, write, stepsMore = 0 }) {
  const forPictures = purpose !== 'command';
  const steps = progress({ total: (forPictures ? 6 : 3) + stepsMore, quiet, write });
  return { purpose, forPictures, projects, root: realpathSync(root), cacheDir: cacheDirectory(), ...steps };
}

/** One set-up of a checkout at a time; `npm start` and `npm test` may well be typed in two windows. */
export async function alone({ root, warn }, work) {
  return withLock(root, work, { onWait: () => warn('Waiting for another set-up of this checkout to end.') });
}

/** What the product is built with and runs on. */
export async function installTools(context) {
  const [tools, libraries] = await sideBySide([installNode(context), installLibraries(context)]);
  await installFaceDetector(context, libraries);
  return tools;
}

/** Apt and npm wait for the network and the disk for the most part. Both come to their end, so that nothing goes on behind a failure. */
async function sideBySide(works) {
  const results = await Promise.allSettled(works);
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
  return results.map(({ value }) => value);
}

async function installNode({ root, step }) {
  let runtime;
  await step('npm packages', (begins) => packages({ root, begins }));
  await step('Node 24', async () => {
    runtime = await nodeRuntime({ root });
    return runtime.version;
  });
  return { node: runtime.node, env: environmentOfPrograms(runtime) };
}

async function installLibraries({ purpose, forPictures, cacheDir, step, warn }) {
  if (!forPictures) return undefined;
  let libraries;
  await step('system libraries', async (begins) => {
    libraries = await systemLibraries({ purpose, cacheDir, begins });
    return libraries.state;
  });
  if (libraries.sentence) warn(libraries.sentence);
  return libraries;
}

/** Resolves to what is left to do while the program runs, if anything is. */
async function installFaceDetector(context, libraries) {
  if (!context.forPictures) return undefined;
  if (context.purpose === 'start') return takeFaceDetector(context);
  await buildFaceDetector(context, libraries);
  return undefined;
}

async function takeFaceDetector(context) {
  const { root, cacheDir, step, warn } = context;
  let later;
  await step('native face detector', async () => {
    const { built, canBeBuilt, reason } = await installCachedOpencvAddon({ root, cacheDir });
    if (built) return 'present';
    if (canBeBuilt) later = (signal) => buildForNextStart(context, signal);
    warn(`${canBeBuilt ? builtLater : reason} ${portablePath}`);
    return canBeBuilt ? 'for the next start' : 'absent';
  });
  return later;
}

async function buildFaceDetector({ purpose, root, cacheDir, step, warn }, libraries) {
  await step('native face detector', async (begins) => {
    const build = () => buildOpencvAddon({ root, cacheDir, log: begins });
    const { built, reason } = await oneCheckoutAtATime(join(cacheDir, 'opencv-addon'), begins, build);
    if (built) return 'present';
    if (purpose === 'test' && libraries.state !== 'absent') throw new SetUpError(`The native face detector could not be built: ${reason}`);
    warn(`${reason} ${portablePath}`);
    return 'absent';
  });
}

/** Never rejects: the program that runs meanwhile does without. */
async function buildForNextStart({ root, cacheDir, warn }, signal) {
  const beganAt = performance.now();
  const build = () => cacheOpencvAddon({ root, cacheDir, signal });
  const { built, reason } = await withLock(join(cacheDir, 'opencv-addon'), build, { signal }).catch((error) => ({ reason: error.message }));
  if (signal.aborted) return;
  const took = seconds(performance.now() - beganAt);
  warn(built ? `The native face detector is built (${took}); the next start takes it.` : `${reason} ${portablePath}`);
}

export async function compileSources({ purpose, root, projects, step }, { node, env }) {
  const what = purpose === 'test' ? 'everything' : 'programs';
  await step('compiled sources', (begins) => compile({ root, node, env, what, projects, begins }));
}

/** Resolves to the folder that holds the networks. */
export async function convertNetworks({ root, cacheDir, step }, { node, env }) {
  let networksDir;
  await step('neural networks', async (begins) => {
    const converted = await oneCheckoutAtATime(join(cacheDir, 'networks'), begins, () => networks({ root, cacheDir, node, env, begins }));
    networksDir = converted.networksDir;
    return converted.state;
  });
  return networksDir;
}

/** Not a part of `setUp`: the product does without, and it is a big download. Resolves to the folder, or to why there is none. */
export async function buildTensorflow({ root, cacheDir, step }, { node }, variant) {
  let built;
  await step('native TensorFlow', async (begins) => {
    built = await oneCheckoutAtATime(join(cacheDir, 'tensorflow'), begins, () => tensorflow({ root, cacheDir, variant, node, begins }));
    return built.state;
  });
  return built;
}

/** Resolves to why there is no browser to test the page in, or to nothing. */
export const installBrowser = optional('browser', browserForTests);

/** Resolves to why a local cluster lacks something of the system, or to nothing. */
export const installClusterTools = optional('tools for a local cluster', clusterTools);

/** Resolves to why images cannot be built here, or to nothing. */
export const installImageTools = optional('tools for images', imageTools);

function optional(name, install) {
  return async ({ step }) => {
    let found;
    await step(name, async (begins) => {
      found = await install({ begins });
      return found.state;
    });
    return found.sentence;
  };
}

/** Checkouts share the cache: the second to come waits for the first and then finds what it needs. */
async function oneCheckoutAtATime(directory, begins, work) {
  await mkdir(directory, { recursive: true });
  return withLock(directory, work, { onWait: () => begins('waiting for another checkout that builds the same') });
}
