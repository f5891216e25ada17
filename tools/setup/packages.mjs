import { readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { run } from '../process/children.mjs';
import { digestOf } from './cache.mjs';
import { fits, isNeeded, missingOptional, thisMachine } from './optional-packages.mjs';
import { lastLines, SetUpError } from './set-up-error.mjs';

const stampName = '.facehash-set-up';
const attemptTimeoutMs = 15 * 60_000;
const pausesMs = [5_000, 20_000];
const adviceOnMissing =
  'This machine needs them. npm holds them for optional and so tells why only in its log (~/.npm/_logs, "failed"); ' +
  'mostly the npm registry cannot be reached. Try again when it can.';

/**
 * Installs what package-lock.json names, when node_modules does not hold it yet.
 * No install scripts: several packages would download things. What needs building, the later steps build.
 */
export async function packages({ root, env = process.env, begins, pause = sleep, machine = thisMachine() }) {
  const checkout = await stateOf(root, machine);
  const stamp = join(root, 'node_modules', stampName);
  if ((await readIfThere(stamp)) === checkout.digest) return 'present';
  if (holdsEverything(checkout.lock, checkout.installed, machine)) {
    await writeFile(stamp, checkout.digest);
    return 'present';
  }
  begins('installing by npm ci (half a minute to three minutes)');
  await install({ root, env: environmentOfNpm(env), begins, pause, machine });
  await writeFile(stamp, (await stateOf(root, machine)).digest); // last: its presence says that the installation ran to its end
  return 'installed';
}

/**
 * npm writes its own record of what it installed (`node_modules/.package-lock.json`) after the last package. The digest covers the record
 * too, so that `npm install --omit=optional`, which leaves our stamp where it is, is noticed.
 */
async function stateOf(root, machine) {
  const lock = await readFile(join(root, 'package-lock.json'), 'utf8');
  const record = (await readIfThere(join(root, 'node_modules/.package-lock.json'))) ?? '{}';
  return { lock: JSON.parse(lock), installed: JSON.parse(record), digest: digestOf([lock, record, JSON.stringify(machine)]) };
}

async function install({ begins, pause, ...npm }) {
  for (let attempt = 0; ; attempt += 1) {
    const failure = await failureOfNpm(npm);
    if (!failure) return;
    const pauseMs = pausesMs[attempt];
    if (pauseMs === undefined) throw new SetUpError(`npm ci ${failure.what}, ${attempt + 1} times. ${failure.advice}`);
    begins(`npm ci ${failure.what}; trying again in ${pauseMs / 1000} s`);
    await pause(pauseMs);
  }
}

/** Runs npm once and tells what went wrong, if anything did: npm itself says nothing about an optional package that it could not download. */
async function failureOfNpm({ root, env, machine }) {
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  const { code, output, timedOut } = await run('npm', args, { cwd: root, env, timeoutMs: attemptTimeoutMs });
  if (code !== 0) {
    const what = timedOut ? `took longer than ${attemptTimeoutMs / 60_000} minutes` : `ended with code ${code}`;
    return { what, advice: `Its last lines:\n${lastLines(output)}` };
  }
  const { lock, installed } = await stateOf(root, machine);
  const missing = missingOptional(lock, installed, machine);
  if (missing.length === 0) return undefined;
  const names = missing.map((path) => path.split('node_modules/').at(-1)).join(', ');
  return { what: `left out ${names}`, advice: adviceOnMissing };
}

/** Whether an installation that somebody made by hand already is what the lock file describes. */
export function holdsEverything(lock, installed, machine) {
  const there = installed.packages ?? {};
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (path === '' || !path.includes('node_modules/')) return true; // the repository's own packages
    const found = there[path];
    if (!found) return mayBeAbsent(wanted, machine);
    return wanted.link ? found.resolved === wanted.resolved : found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/** `devOptional`: needed by development, and by the product on some machines only. */
function mayBeAbsent(wanted, machine) {
  return wanted.optional === true ? !isNeeded(wanted, machine) : wanted.devOptional === true && !fits(wanted, machine);
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
