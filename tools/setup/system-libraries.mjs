import { existsSync } from 'node:fs';
import { run } from '../process/children.mjs';
import { lastLines } from './set-up-error.mjs';

/** A compiler and the three OpenCV modules that the native face detector needs. */
const toBuildAndRun = ['g++', 'make', 'python3', 'libopencv-core-dev', 'libopencv-imgproc-dev', 'libopencv-objdetect-dev', 'opencv-data'];
/** Clients that the whole-product tests speak to the service with. */
const toTest = ['curl', 'python3-requests'];

const installTimeoutMs = 20 * 60_000;
const retrying = ['-o', 'Acquire::Retries=3', '-o', 'Acquire::http::Timeout=30', '-o', 'DPkg::Lock::Timeout=300'];

/**
 * Debian packages by apt, where that is possible. Never fails: without them face detection runs on its portable path.
 * @returns {Promise<{state: 'present' | 'installed' | 'absent', sentence?: string}>}
 */
export async function systemLibraries({ purpose, env = process.env, begins, isRoot = process.getuid?.() === 0 }) {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg-query')) {
    return absent('This is not Debian or Ubuntu, so no system libraries are installed.');
  }
  const missing = await missingPackages(purpose === 'test' ? [...toBuildAndRun, ...toTest] : toBuildAndRun);
  if (missing.length === 0) return { state: 'present' };
  if (env.FACEHASH_SKIP_APT === '1') return absent(`FACEHASH_SKIP_APT=1, so ${missing.join(', ')} stay uninstalled.`);
  if (!isRoot) return absent(`Not run as root. To have them: sudo apt-get install ${missing.join(' ')}`);
  begins(`installing ${missing.join(', ')} by apt (one to three minutes)`);
  return install(missing, env);
}

async function install(missing, env) {
  const options = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: installTimeoutMs };
  const updated = await run('apt-get', ['update', '-qq', ...retrying], options);
  // A stale or partly refreshed index often still has what is asked for: the installation decides.
  const installed = await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...retrying, ...missing], options);
  if (installed.code === 0) return { state: 'installed' };
  return absent(`apt-get could not install ${missing.join(', ')}:\n${lastLines(updated.output + installed.output, 8)}`);
}

/** Those of `names` that dpkg does not know as completely installed. */
async function missingPackages(names) {
  const { output } = await run('dpkg-query', ['--show', '--showformat=${Package} ${db:Status-Status}\n', ...names]);
  return notInstalled(names, output);
}

/** @param {string} listing lines of `name status`; dpkg-query says nothing on stdout about a name that it never heard of */
export function notInstalled(names, listing) {
  const installed = new Set(
    listing
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

function absent(reason) {
  return { state: 'absent', sentence: reason };
}
