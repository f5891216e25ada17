import { realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { cacheDirectory } from './cache.mjs';
import { compile } from './compile.mjs';
import { withLock } from './lock.mjs';
import { networks } from './networks.mjs';
import { environmentOfPrograms, nodeRuntime } from './node-runtime.mjs';
import { buildOpencvAddon } from './opencv-addon.mjs';
import { packages } from './packages.mjs';
import { progress } from './progress.mjs';
import { SetUpError } from './set-up-error.mjs';
import { browserForTests, systemLibraries } from './system-libraries.mjs';
import { tensorflow } from './tensorflow.mjs';

const portablePath = 'Face detection runs on its portable path (WebAssembly): the same faces, somewhat slower.';

/**
 * Makes a checkout ready to run. Every step finds out by itself whether there is anything to do, so calling this again costs seconds.
 * @param {{purpose: 'start' | 'test' | 'command', root: string, quiet?: boolean, write?: (line: string) => void}} options
 *   `test` compiles the tests as well, and does not accept a native face detector that fails to build where it could be built;
 *   `command` is for a program that looks at no picture: neither face detector nor networks, and so no apt
 * @returns {Promise<{node: string, env: Record<string, string>}>} the Node to run programs with, and their environment
 */
export async function setUp(options) {
  const context = setUpContext(options);
  return alone(context, async () => {
    const tools = await installTools(context);
    await compileSources(context, tools);
    if (!context.forPictures) return tools;
    return { ...tools, env: { ...tools.env, FACEHASH_NETWORKS_DIR: await convertNetworks(context, tools) } };
  });
}

/** @param {{purpose: string, root: string, quiet?: boolean, write?: (line: string) => void, stepsMore?: number}} options */
export function setUpContext({ purpose, root, quiet = false, write, stepsMore = 0 }) {
  const forPictures = purpose !== 'command';
  const steps = progress({ total: (forPictures ? 6 : 3) + stepsMore, quiet, write });
  return { purpose, forPictures, root: realpathSync(root), cacheDir: cacheDirectory(), ...steps };
}

/** One set-up of a checkout at a time; `npm start` and `npm test` may well be typed in two windows. */
export async function alone({ root, warn }, work) {
  return withLock(root, work, { onWait: () => warn('Waiting for another set-up of this checkout to end.') });
}

/** What the product is built with and runs on. */
export async function installTools(context) {
  const { root, step, forPictures } = context;
  let runtime;
  await step('npm packages', (begins) => packages({ root, begins }));
  await step('Node 24', async () => {
    runtime = await nodeRuntime({ root });
    return runtime.version;
  });
  if (forPictures) await installFaceDetector(context);
  return { node: runtime.node, env: environmentOfPrograms(runtime) };
}

async function installFaceDetector({ purpose, root, cacheDir, step, warn }) {
  let libraries;
  await step('system libraries', async (begins) => {
    libraries = await systemLibraries({ purpose, cacheDir, begins });
    return libraries.state;
  });
  if (libraries.sentence) warn(libraries.sentence);
  await step('native face detector', async (begins) => {
    const { built, reason } = await oneCheckoutAtATime(cacheDir, begins, () => buildOpencvAddon({ root, cacheDir, log: begins }));
    if (built) return 'present';
    if (purpose === 'test' && libraries.state !== 'absent') throw new SetUpError(`The native face detector could not be built: ${reason}`);
    warn(`${reason} ${portablePath}`);
    return 'absent';
  });
}

export async function compileSources({ purpose, root, step }, { node, env }) {
  const what = purpose === 'test' ? 'everything' : 'programs';
  await step('compiled sources', (begins) => compile({ root, node, env, what, begins }));
}

/** Resolves to the folder that holds the networks. */
export async function convertNetworks({ root, cacheDir, step }, { node, env }) {
  let networksDir;
  await step('neural networks', async (begins) => {
    const converted = await oneCheckoutAtATime(cacheDir, begins, () => networks({ root, cacheDir, node, env, begins }));
    networksDir = converted.networksDir;
    return converted.state;
  });
  return networksDir;
}

/** Not a part of `setUp`: the product does without, and it is a big download. Resolves to the folder, or to why there is none. */
export async function buildTensorflow({ root, cacheDir, step }, { node }, variant) {
  let built;
  await step('native TensorFlow', async (begins) => {
    built = await oneCheckoutAtATime(cacheDir, begins, () => tensorflow({ root, cacheDir, variant, node, begins }));
    return built.state;
  });
  return built;
}

/** Resolves to why there is no browser to test the page in, or to nothing. */
export async function installBrowser({ step }) {
  let found;
  await step('browser', async (begins) => {
    found = await browserForTests({ begins });
    return found.state;
  });
  return found.sentence;
}

/** Checkouts share the cache: the second to come waits for the first and then finds what it needs. */
async function oneCheckoutAtATime(cacheDir, begins, work) {
  await mkdir(cacheDir, { recursive: true });
  return withLock(cacheDir, work, { onWait: () => begins('waiting for another checkout that builds the same') });
}
