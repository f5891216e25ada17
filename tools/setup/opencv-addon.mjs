import { existsSync } from 'node:fs';
import { access, copyFile, cp, mkdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { run } from '../process/children.mjs';
import { createDirectory, keepFresh } from './cache.mjs';
import { nodeRuntime } from './node-runtime.mjs';
import { lastLines } from './set-up-error.mjs';

/** Raise it when this file builds the addon in another way, so that no cache serves the old result. */
const recipe = 1;
const addonPackage = 'node_modules/@u4/opencv4nodejs';
const addonFile = 'opencv4nodejs.node';
/** The cascade needs no more. Each module that the addon does not know of is a hundred files that compile to nothing. */
const modules = ['core', 'imgproc', 'objdetect'];
/** Debian's names of the architectures that Node's name differently. */
const multiarch = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
/** Where Debian has OpenCV, and what builds against it. */
const debian = { headers: '/usr/include/opencv4', libraries: `/usr/lib/${multiarch[process.arch]}`, compilers: ['g++', 'make', 'python3'] };
/** Four minutes on two busy cores, one on two idle ones. */
const buildTimeoutMs = 20 * 60_000;
/** Behind everything else on a busy machine it takes as long as it takes. */
const backgroundBuildTimeoutMs = 4 * 3600_000;

/**
 * Puts the native face detector where Node finds it: out of the cache, else built against Debian's OpenCV and cached.
 * Expected trouble (no OpenCV, no compiler, a build that fails) is an answer and not an error: detection then runs on WebAssembly.
 * @param {{root: string, cacheDir: string, log: (what: string) => void, system?: typeof debian}} options `log` is told before work that takes long
 * @returns {Promise<{built: boolean, reason?: string}>} `reason` is a sentence for the user
 */
export async function buildOpencvAddon({ root, cacheDir, log, system }) {
  const wanted = await wantedAddon({ root, cacheDir, system });
  if (wanted.missing) return { built: false, reason: wanted.missing };
  if (!existsSync(wanted.directory)) {
    log('building it against OpenCV (two to five minutes)');
    const failure = await build(wanted);
    if (failure) return { built: false, reason: failure };
  }
  await installFromCache(wanted);
  return { built: true };
}

/**
 * The same without building: for a start that goes on without it.
 * @returns {Promise<{built: boolean, reason?: string, canBeBuilt?: boolean}>}
 */
export async function installCachedOpencvAddon({ root, cacheDir, system }) {
  const wanted = await wantedAddon({ root, cacheDir, system });
  if (wanted.missing) return { built: false, canBeBuilt: false, reason: wanted.missing };
  if (!existsSync(wanted.directory)) return { built: false, canBeBuilt: true };
  await installFromCache(wanted);
  return { built: true };
}

/**
 * Builds into the cache, behind everything else that the machine does, and leaves the checkout as it is: a program may be running from it.
 * @param {{root: string, cacheDir: string, signal: AbortSignal, system?: typeof debian}} options
 */
export async function cacheOpencvAddon({ root, cacheDir, signal, system }) {
  const wanted = await wantedAddon({ root, cacheDir, system });
  if (wanted.missing) return { built: false, reason: wanted.missing };
  if (existsSync(wanted.directory)) return { built: true };
  const failure = await build({ ...wanted, background: signal });
  return failure ? { built: false, reason: failure } : { built: true };
}

/** What it is made of and where the cache keeps it, or what is missing for it. */
async function wantedAddon({ root, cacheDir, system = debian }) {
  const found = await prerequisites(root, system);
  if (found.missing) return found;
  const name = `opencv4nodejs-${found.addon}-opencv-${found.opencv}-abi${found.abi}-linux-${process.arch}-r${recipe}`;
  const all = join(cacheDir, 'opencv-addon');
  const directory = join(all, name);
  const tools = existsSync(directory) ? [] : await missingTools(system.compilers);
  if (tools.length > 0) return { missing: `The native face detector needs ${tools.join(', ')} to be built.` };
  return { ...found, root, cacheDir, name, all, directory };
}

async function installFromCache({ root, all, name, directory }) {
  await keepFresh(all, name);
  await install(join(directory, addonFile), join(root, addonPackage, 'build/Release'), name);
}

/** The versions that the build depends on, or what is missing for it. */
async function prerequisites(root, { headers, libraries }) {
  const wanted = [join(headers, 'opencv2/core/version.hpp'), ...modules.map((module) => join(libraries, `libopencv_${module}.so`))];
  const absent = wanted.filter((path) => !existsSync(path));
  if (absent.length > 0) return { missing: `OpenCV is not installed for development (no ${absent[0]}).` };
  const { node } = await nodeRuntime({ root });
  const nodeDirectory = dirname(dirname(await realpath(node)));
  const nodeHeader = join(nodeDirectory, 'include/node/node_version.h');
  if (!existsSync(nodeHeader)) return { missing: `The headers of Node are not installed (no ${nodeHeader}).` };
  return {
    node,
    nodeDirectory,
    headers,
    libraries,
    addon: JSON.parse(await readFile(join(root, addonPackage, 'package.json'), 'utf8')).version,
    abi: lastNumber(await readFile(nodeHeader, 'utf8'), 'NODE_MODULE_VERSION'),
    opencv: opencvVersion(await readFile(wanted[0], 'utf8')),
  };
}

/** `#define CV_VERSION_MAJOR 4` and its like give `4.6.0`. */
function opencvVersion(header) {
  return ['MAJOR', 'MINOR', 'REVISION'].map((part) => lastNumber(header, `CV_VERSION_${part}`)).join('.');
}

function lastNumber(header, name) {
  const matches = [...header.matchAll(new RegExp(`^#define\\s+${name}\\s+(\\d+)`, 'gm'))];
  return Number(matches.at(-1)?.[1] ?? Number.NaN);
}

async function missingTools(names) {
  const results = await Promise.all(names.map(async (name) => ({ name, ...(await run(name, ['--version'], { timeoutMs: 30_000 })) })));
  return results.filter(({ code }) => code !== 0).map(({ name }) => name);
}

/** Resolves to why it failed, and to nothing when the addon lies in `directory`: built, and loaded once by the Node that will use it. */
async function build({ root, cacheDir, directory, background, node, nodeDirectory, headers, libraries, opencv }) {
  const view = await opencvView({ cacheDir, headers, libraries, opencv });
  const env = environmentOfBuild({ node, nodeDirectory, view });
  const gyp = join(root, 'node_modules/node-gyp/bin/node-gyp.js');
  try {
    await createDirectory(directory, async (temporary) => {
      const sources = join(temporary, 'sources');
      await copySources(root, sources);
      const options = { cwd: sources, env, background, timeoutMs: background ? backgroundBuildTimeoutMs : buildTimeoutMs };
      await step('Building', [node, gyp, 'rebuild', '--jobs', String(availableParallelism())], options);
      await step('Loading', [node, '--eval', smokeTest, join(sources, 'build/Release', addonFile)], options);
      await rename(join(sources, 'build/Release', addonFile), join(temporary, addonFile));
      await rm(sources, { recursive: true });
    });
    return undefined;
  } catch (error) {
    if (error instanceof StepFailed) return error.message;
    throw error;
  }
}

class StepFailed extends Error {}

async function step(what, [node, ...args], options) {
  const { code, output, timedOut } = await run(node, args, options);
  if (code !== 0)
    throw new StepFailed(`${what} the native face detector ${timedOut ? 'took too long' : 'failed'}:\n${lastLines(output)}\n`);
}

/** Fails unless the addon loads, is linked to a working OpenCV and knows cascades. */
const smokeTest = `
  const cv = require(process.argv[1]);
  if (typeof cv.CascadeClassifier !== 'function') throw new Error('built without objdetect');
  if (new cv.Mat(Buffer.alloc(6), 2, 3, cv.CV_8UC1).cols !== 3) throw new Error('matrices do not work');`;

/**
 * OpenCV as the addon's build script wants to see it: one folder of headers whose list of modules names ours only, and one of libraries.
 * The path of the latter is baked into the addon as its rpath, so it must outlast the build.
 */
async function opencvView({ cacheDir, headers, libraries, opencv }) {
  const view = join(cacheDir, 'opencv-view', `${opencv}-${process.arch}-r${recipe}`);
  if (existsSync(view)) return view;
  await mkdir(dirname(view), { recursive: true });
  await createDirectory(view, async (temporary) => {
    await mkdir(join(temporary, 'include/opencv2'), { recursive: true });
    await mkdir(join(temporary, 'lib'));
    await symlink(headers, join(temporary, 'include/opencv4'));
    const list = modules.map((module) => `#define HAVE_OPENCV_${module.toUpperCase()}\n`).join('');
    await writeFile(join(temporary, 'include/opencv2/opencv_modules.hpp'), list);
    for (const module of modules)
      await symlink(join(libraries, `libopencv_${module}.so`), join(temporary, 'lib', `libopencv_${module}.so`));
  });
  return view;
}

/** A copy, so that the build writes nothing into node_modules; what it requires it finds through the link beside it. */
async function copySources(root, sources) {
  await mkdir(sources, { recursive: true });
  for (const entry of ['bin', 'cc', 'cjs', 'binding.gyp', 'package.json']) {
    await cp(join(root, addonPackage, entry), join(sources, entry), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(sources, 'node_modules'));
}

function environmentOfBuild({ node, nodeDirectory, view }) {
  return {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
    // By the environment, because npm's own configuration wins over node-gyp's --nodedir.
    npm_config_nodedir: nodeDirectory,
    OPENCV4NODEJS_DISABLE_AUTOBUILD: '1',
    OPENCV_INCLUDE_DIR: join(view, 'include'),
    OPENCV_LIB_DIR: join(view, 'lib'),
    OPENCV_BIN_DIR: '/usr/bin',
  };
}

/** Copies and renames: a program that starts meanwhile sees no half of a file. A copy, so that an emptied cache breaks no checkout. */
async function install(from, directory, name) {
  const stamp = join(directory, 'facehash-built-from');
  const target = join(directory, addonFile);
  const installed = await readFile(stamp, 'utf8').catch(() => undefined);
  if (installed === name && (await isThere(target))) return;
  await mkdir(directory, { recursive: true });
  await copyFile(from, `${target}.new`);
  await rename(`${target}.new`, target);
  await writeFile(stamp, name);
}

async function isThere(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
