import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { run } from '../process/children.mjs';
import { lastLines, SetUpError } from './set-up-error.mjs';

const stampName = '.facehash-set-up';
const attemptTimeoutMs = 15 * 60_000;
const pausesMs = [5_000, 20_000];

/**
 * Installs what package-lock.json names, when node_modules does not hold it yet.
 * No install scripts: several packages would download things. What needs building, the later steps build.
 */
export async function packages({ root, env = process.env, begins, pause = sleep }) {
  const lock = await readFile(join(root, 'package-lock.json'), 'utf8');
  const wanted = createHash('sha256').update(lock).digest('hex');
  const stamp = join(root, 'node_modules', stampName);
  if ((await readIfThere(stamp)) === wanted) return 'present';
  if (holdsEverything(JSON.parse(lock), JSON.parse((await readIfThere(join(root, 'node_modules/.package-lock.json'))) ?? '{}'))) {
    await writeFile(stamp, wanted);
    return 'present';
  }
  begins('installing by npm ci (half a minute to three minutes)');
  await install({ root, env: environmentOfNpm(env), begins, pause });
  await writeFile(stamp, wanted); // last: its presence says that the installation ran to its end
  return 'installed';
}

async function install({ root, env, begins, pause }) {
  for (let attempt = 0; ; attempt += 1) {
    const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
    const { code, output, timedOut } = await run('npm', args, { cwd: root, env, timeoutMs: attemptTimeoutMs });
    if (code === 0) return;
    const why = timedOut ? `took longer than ${attemptTimeoutMs / 60_000} minutes` : `ended with code ${code}`;
    const pauseMs = pausesMs[attempt];
    if (pauseMs === undefined) throw new SetUpError(`npm ci ${why}, ${attempt + 1} times. Its last lines:\n${lastLines(output)}`);
    begins(`npm ci ${why}; trying again in ${pauseMs / 1000} s`);
    await pause(pauseMs);
  }
}

/**
 * Whether an installation that somebody made by hand already is what the lock file describes. npm writes its own record of what it
 * installed (`node_modules/.package-lock.json`) after the last package.
 */
export function holdsEverything(lock, installed) {
  const there = installed.packages ?? {};
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (path === '' || !path.includes('node_modules/')) return true; // the repository's own packages
    const found = there[path];
    if (!found) return wanted.optional === true || wanted.devOptional === true;
    return wanted.link ? found.resolved === wanted.resolved : found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/**
 * npm replaces node_modules, so it must not run on the Node in node_modules/.bin, which npm itself put first on the PATH of this script.
 * onnxruntime-node would download CUDA libraries if its script were ever run.
 */
export function environmentOfNpm(env) {
  const path = (env.PATH ?? '').split(delimiter).filter((entry) => !entry.endsWith(join('node_modules', '.bin')));
  return { ...env, PATH: path.join(delimiter), ONNXRUNTIME_NODE_INSTALL: 'skip' };
}

async function readIfThere(path) {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
