import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, realpath, rename, rm, symlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../process/children.mjs';
import { createDirectory, digestOf, removeDeadBuilds } from './cache.mjs';
import { environmentOfNpm } from './packages.mjs';
import { lastLines } from './set-up-error.mjs';

/** Raise it when this file builds the addon in another way, so that no cache serves the old result. */
const recipe = 1;
/** What is installed, each with its digest: TF.js' addon by npm, TensorFlow (and for CUDA NVIDIA's libraries) by pip. */
const pinned = fileURLToPath(new URL('tensorflow', import.meta.url));
const addonPackage = 'node_modules/@tensorflow/tfjs-node';
/** A slow line needs a quarter of an hour for the 2.4 GB of CUDA; the build itself takes seconds. */
const stepTimeoutMs = 30 * 60_000;

/** The libraries for the CPU alone, or those that use an NVIDIA GPU where one is found. */
export const tensorflowVariants = ['cpu', 'cuda'];

/**
 * TF.js' native addon, built against the libraries inside TensorFlow's Python wheel: the package's own script would download TensorFlow
 * 2.9, which knows no recent GPU, from a host that closed networks do not reach. Here everything comes from npm and PyPI.
 * Trouble (no compiler, no pip, no network) is an answer and not an error, since WebAssembly does the same work.
 * @param {{root: string, cacheDir: string, variant: 'cpu' | 'cuda', node: string, env?: object, begins: (what: string) => void}} options
 * @returns {Promise<{state: 'present' | 'built' | 'absent', directory?: string, reason?: string}>} `reason` is a sentence for the user
 */
export async function tensorflow({ cacheDir, variant, begins, env = process.env, ...options }) {
  const all = join(cacheDir, 'tensorflow');
  const directory = join(all, `${variant}-${await keyOf(variant)}`);
  if (existsSync(directory)) return { state: 'present', directory };
  try {
    const nodeDirectory = await needed(options.node, env);
    begins(variant === 'cuda' ? 'downloading 2.4 GB and building (some minutes)' : 'downloading 220 MB and building (about a minute)');
    await mkdir(all, { recursive: true });
    await createDirectory(directory, (temporary) => build(temporary, { ...options, variant, env, nodeDirectory }));
  } catch (error) {
    if (error instanceof StepFailed) return { state: 'absent', reason: error.message };
    throw error;
  }
  // Complete ones stay for good: a trainer may be at work on them, and no file tells that it is.
  await removeDeadBuilds(all);
  return { state: 'built', directory };
}

async function keyOf(variant) {
  const files = ['package-lock.json', requirements(variant)];
  const contents = await Promise.all(files.map((name) => readFile(join(pinned, name))));
  return digestOf([`${process.platform}-${process.arch}-r${recipe}`, ...contents]).slice(0, 12);
}

const requirements = (variant) => `requirements-${variant}.txt`;

class StepFailed extends Error {}

/** Throws a sentence when something is missing that a build needs; else resolves to the folder of Node, whose headers it needs. */
async function needed(node, env) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new StepFailed(`Native TensorFlow is built for Linux on x64, and this is ${process.platform} on ${process.arch}.`);
  }
  const programs = [['g++'], ['make'], ['strip'], ['python3'], ['python3', '-m', 'pip']];
  const found = await Promise.all(programs.map(([name, ...args]) => run(name, [...args, '--version'], { env, timeoutMs: 30_000 })));
  const missing = programs.filter((_, i) => found[i].code !== 0).map((words) => words.at(-1));
  if (missing.length > 0) throw new StepFailed(`Native TensorFlow needs ${missing.join(', ')} to be built.`);
  const nodeDirectory = dirname(dirname(await realpath(node)));
  const header = join(nodeDirectory, 'include/node/node_api.h');
  if (!existsSync(header)) throw new StepFailed(`The headers of Node are not installed (no ${header}).`);
  return nodeDirectory;
}

async function step(what, [command, ...args], options) {
  const { code, output, timedOut } = await run(command, args, { ...options, timeoutMs: stepTimeoutMs });
  if (code !== 0) throw new StepFailed(`${what} ${timedOut ? 'took too long' : 'failed'}:\n${lastLines(output, 10)}\n`);
}

async function build(folder, { root, variant, node, ...options }) {
  const addon = join(folder, addonPackage);
  await installAddonPackage(folder, options.env);
  await installLibraries(folder, addon, { variant, env: options.env });
  const env = environmentOfBuild({ node, ...options });
  const gyp = join(root, 'node_modules/node-gyp/bin/node-gyp.js');
  const target = [
    '--module_name=tfjs_binding',
    `--module_path=${join(addon, 'lib/napi-v8')}`,
    '--napi_version=8',
    '--napi_build_version=8',
  ];
  const jobs = ['--jobs', String(availableParallelism())];
  await step('Building the addon of TensorFlow', [node, gyp, 'rebuild', ...jobs, ...target], { cwd: addon, env });
  for (const name of ['build', 'deps/include']) await rm(join(addon, name), { recursive: true });
  await removeSourceMaps(folder);
  await step('Loading TensorFlow', [node, '--eval', smokeTest], { cwd: folder, env });
}

/** Without its install script, which would download. */
async function installAddonPackage(folder, env) {
  for (const name of ['package.json', 'package-lock.json']) await copyFile(join(pinned, name), join(folder, name));
  const install = ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  await step('npm', install, { cwd: folder, env: environmentOfNpm(env) });
}

/** Into `deps`, where the addon's build script and its rpath look, and where TensorFlow's rpath finds NVIDIA's libraries beside it. */
async function installLibraries(folder, addon, { variant, env }) {
  const [wheels, unpacked, libraries] = [join(folder, 'wheels'), join(folder, 'unpacked'), join(addon, 'deps/lib')];
  // The wheels are wanted for their libraries: which Python runs pip here, and whether it could use them, is all the same.
  const wheel = ['--no-deps', '--only-binary=:all:', '--python-version', '3.11', '--implementation', 'cp'];
  const platforms = ['manylinux_2_17_x86_64', 'manylinux2014_x86_64', 'manylinux1_x86_64'].flatMap((name) => ['--platform', name]);
  const polite = ['--quiet', '--no-input', '--no-cache-dir', '--disable-pip-version-check', '--retries', '2', '--timeout', '20'];
  const list = ['--require-hashes', '--requirement', join(pinned, requirements(variant))];
  await step('pip', ['python3', '-m', 'pip', 'download', ...polite, ...wheel, ...platforms, ...list, '--dest', wheels], { env });
  await step('Unpacking TensorFlow', ['python3', '-c', unpackWheels, unpacked, wheels], { env });
  await rm(wheels, { recursive: true });
  await mkdir(libraries, { recursive: true });
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    await step('strip', ['strip', '--strip-unneeded', '-o', join(libraries, name), join(unpacked, 'tensorflow', name)], { env });
  }
  await symlink('libtensorflow_cc.so.2', join(libraries, 'libtensorflow.so'));
  await symlink('libtensorflow_framework.so.2', join(libraries, 'libtensorflow_framework.so'));
  await rename(join(unpacked, 'tensorflow/include'), join(addon, 'deps/include'));
  await rename(join(unpacked, 'tensorflow/THIRD_PARTY_NOTICES.txt'), join(addon, 'deps/THIRD_PARTY_NOTICES.txt'));
  if (variant === 'cuda') await rename(join(unpacked, 'nvidia'), join(addon, 'deps/nvidia'));
  await rm(unpacked, { recursive: true });
}

/** Python, because it is needed for node-gyp anyway, and `unzip` is not on every machine. */
const unpackWheels = String.raw`
import os, re, sys, zipfile
into, wheels = sys.argv[1:]
headers = r"include/(tensorflow/c/|tensorflow/core/platform/ctstring|tsl/platform/ctstring|tsl/c/)"
wanted = re.compile(r"tensorflow/(libtensorflow_(cc|framework)\.so\.2$|THIRD_PARTY_NOTICES\.txt$|" + headers + r")|nvidia/[^/]+/(lib|bin)/")
for name in sorted(os.listdir(wheels)):
    with zipfile.ZipFile(os.path.join(wheels, name)) as wheel:
        for member in filter(wanted.match, wheel.namelist()):
            path = wheel.extract(member, into)
            if "/bin/" in member: os.chmod(path, 0o755)`;

/** Fails unless the libraries are the ones that were asked for and compute. From 2.17 on, `round` of integers returns zeros. */
const smokeTest = `
  const util = require('node:util');
  Object.assign(util, { isArray: Array.isArray, isNullOrUndefined: (value) => value === null || value === undefined });
  const tf = require('@tensorflow/tfjs-node');
  if (tf.getBackend() !== 'tensorflow') throw new Error('the backend is ' + tf.getBackend());
  const rounded = tf.round(tf.tensor1d([-12, 1], 'int32')).arraySync().join();
  if (rounded !== '-12,1') throw new Error('TensorFlow ' + tf.backend().binding.TF_Version + ' rounds -12,1 to ' + rounded);`;

function environmentOfBuild({ node, nodeDirectory, env }) {
  return {
    ...env,
    PATH: `${dirname(node)}${delimiter}${env.PATH}`,
    // By the environment, because npm's own configuration wins over node-gyp's --nodedir.
    npm_config_nodedir: nodeDirectory,
  };
}

/** Four fifths of what npm installs. */
async function removeSourceMaps(folder) {
  const entries = await readdir(join(folder, 'node_modules'), { recursive: true, withFileTypes: true });
  const maps = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.map'));
  for (const { parentPath, path, name } of maps) await rm(join(parentPath ?? path, name));
}
