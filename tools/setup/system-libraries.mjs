import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { run } from '../process/children.mjs';
import { lastLines } from './set-up-error.mjs';

/** A compiler and the three OpenCV modules that the native face detector needs. */
const toBuildAndRun = ['g++', 'make', 'python3', 'libopencv-core-dev', 'libopencv-imgproc-dev', 'libopencv-objdetect-dev', 'opencv-data'];
/** Clients that the whole-product tests speak to the service with. */
const toTest = ['curl', 'python3-pip', 'python3-requests'];
/**
 * What a node of Kubernetes calls beside the binaries that we build, and what a cluster's own two images are made of.
 */
const toRunClusters = [
  ...['runc', 'iptables', 'ipset', 'iproute2', 'conntrack', 'containernetworking-plugins', 'util-linux', 'mount'],
  ...['openssl', 'catatonit', 'busybox-static', 'jq'],
];
/** Builds images without a container engine, and runs them as a pod would. */
const toBuildImages = ['buildah', 'debootstrap', 'debian-archive-keyring', 'runc'];
/** What Chromium is called, by distribution; the same list is in test/support/browser.ts. */
const browsers = ['chromium', 'chromium-browser', 'google-chrome'];

/** How long `npm start` does without apt after a failure. */
const rememberedMs = 24 * 3600_000;
const installTimeoutMs = 20 * 60_000;
const retrying = ['-o', 'Acquire::Retries=3', '-o', 'Acquire::http::Timeout=30', '-o', 'DPkg::Lock::Timeout=300'];

/**
 * Debian packages by apt, where that is possible. Never fails: without them face detection runs on its portable path.
 * @param {{purpose: 'start' | 'test', cacheDir: string, begins: (what: string) => void, env?: object, isRoot?: boolean, nowMs?: number}} options
 *   `start` leaves apt alone for a day after it failed, `test` always tries
 * @returns {Promise<{state: 'present' | 'installed' | 'absent', sentence?: string}>}
 */
export async function systemLibraries(options) {
  const { purpose, cacheDir, begins, env, isRoot, nowMs } = { ...thisProcess(), ...options };
  if (!isOnPath('apt-get', env) || !isOnPath('dpkg-query', env)) {
    return absent('This is not Debian or Ubuntu, so no system libraries are installed.');
  }
  const missing = await missingPackages(purpose === 'test' ? [...toBuildAndRun, ...toTest] : toBuildAndRun, env);
  if (missing.length === 0) return { state: 'present' };
  if (env.FACEHASH_SKIP_APT === '1') return absent(`FACEHASH_SKIP_APT=1, so ${missing.join(', ')} stay uninstalled.`);
  if (!isRoot) return absent(`Not run as root. To have them: sudo apt-get install ${missing.join(' ')}`);
  const failure = aptFailure(join(cacheDir, 'apt-failed.txt'));
  if (purpose === 'start' && (await failure.isRecent(missing, nowMs))) {
    return absent(`apt-get failed to install ${missing.join(', ')} less than a day ago, so it is not tried now. ${failure.howToTryAtOnce}`);
  }
  begins(`installing ${missing.join(', ')} by apt (one to three minutes)`);
  return install(missing, { env, nowMs, failure });
}

function thisProcess() {
  return { env: process.env, isRoot: process.getuid?.() === 0, nowMs: Date.now() };
}

async function install(missing, { env, nowMs, failure }) {
  const { installed, lines } = await aptInstall(missing, env);
  if (installed) {
    await failure.forget();
    return { state: 'installed' };
  }
  await failure.remember(missing, nowMs);
  const what = `apt-get could not install ${missing.join(', ')}, and npm start tries again in a day. ${failure.howToTryAtOnce}`;
  return absent(`${what} The last lines of apt-get:\n${lines}`);
}

async function aptInstall(names, env) {
  const options = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: installTimeoutMs };
  const updated = await run('apt-get', ['update', '-qq', ...retrying], options);
  // A stale or partly refreshed index often still has what is asked for: the installation decides.
  const installed = await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...retrying, ...names], options);
  return { installed: installed.code === 0, lines: lastLines(updated.output + installed.output, 8) };
}

/**
 * The browser that the page is tested in. Asked for apart from everything else: Ubuntu's apt has none, and one unknown name would have
 * apt refuse all of them. Never fails: without it those tests are skipped.
 * @param {{begins: (what: string) => void, env?: object, isRoot?: boolean}} options
 * @returns {Promise<{state: 'present' | 'installed' | 'absent', sentence?: string}>}
 */
export async function browserForTests(options) {
  const { begins, env, isRoot } = { ...thisProcess(), ...options };
  if (browsers.some((name) => isOnPath(name, env))) return { state: 'present' };
  if (!isOnPath('apt-get', env)) return absent('There is no Chromium, and no apt to install it.');
  if (env.FACEHASH_SKIP_APT === '1') return absent('FACEHASH_SKIP_APT=1, so Chromium stays uninstalled.');
  if (!isRoot) return absent('There is no Chromium. To have it: sudo apt-get install chromium');
  begins('installing chromium by apt (one to two minutes)');
  const { installed, lines } = await aptInstall(['chromium'], env);
  return installed ? { state: 'installed' } : absent(`apt-get could not install chromium. Its last lines:\n${lines}`);
}

/** What `npm run cluster` and its tests need of the system. Never fails: where it is missing, a start says so and the tests are skipped. */
export const clusterTools = packagesOfDebian(toRunClusters, {
  notDebian: `This is not Debian or Ubuntu, so what a local cluster needs is not installed: ${toRunClusters.join(', ')}.`,
  notRoot: 'A local cluster needs root.',
});

/** What builds and runs images without a container engine. Asked for apart: only who builds images has a use for it. Never fails. */
export const imageTools = packagesOfDebian(toBuildImages, {
  notDebian: 'This is not Debian or Ubuntu, so buildah is not installed. With Docker, images are built as deploy/README.md says.',
  notRoot: 'Images are built by root, or by Docker as deploy/README.md says.',
});

/**
 * @param {readonly string[]} names
 * @param {{notDebian: string, notRoot: string}} sentences why they are absent
 * @returns {(options: {begins: (what: string) => void, env?: object, isRoot?: boolean}) =>
 *   Promise<{state: 'present' | 'installed' | 'absent', sentence?: string}>}
 */
function packagesOfDebian(names, { notDebian, notRoot }) {
  return async (options) => {
    const { begins, env, isRoot } = { ...thisProcess(), ...options };
    if (!isOnPath('apt-get', env) || !isOnPath('dpkg-query', env)) return absent(notDebian);
    const missing = await missingPackages(names, env);
    if (missing.length === 0) return { state: 'present' };
    if (env.FACEHASH_SKIP_APT === '1') return absent(`FACEHASH_SKIP_APT=1, so ${missing.join(', ')} stay uninstalled.`);
    if (!isRoot) return absent(notRoot);
    begins(`installing ${missing.join(', ')} by apt (up to a minute)`);
    const { installed, lines } = await aptInstall(missing, env);
    return installed ? { state: 'installed' } : absent(`apt-get could not install ${missing.join(', ')}. Its last lines:\n${lines}`);
  };
}

/** The memory of a failed apt: a file that holds the time and, line by line, the packages. Unreachable mirrors cost minutes at each try. */
function aptFailure(path) {
  return {
    howToTryAtOnce: `To try at once, delete ${path}.`,
    async isRecent(missing, nowMs) {
      const [failedAt, ...names] = (await readFile(path, 'utf8').catch(() => '')).split('\n');
      // A package that was not asked for then may well be the one that apt has. And a clock that was set back must not last for years.
      return Math.abs(nowMs - Date.parse(failedAt)) < rememberedMs && missing.every((name) => names.includes(name));
    },
    // Where the cache cannot be written, apt is simply tried at each start.
    async remember(missing, nowMs) {
      await mkdir(dirname(path), { recursive: true }).catch(() => undefined);
      await writeFile(path, [new Date(nowMs).toISOString(), ...missing, ''].join('\n')).catch(() => undefined);
    },
    forget: () => rm(path, { force: true }).catch(() => undefined),
  };
}

function isOnPath(program, env) {
  return (env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** Those of `names` that dpkg does not know as completely installed. */
async function missingPackages(names, env) {
  const { output } = await run('dpkg-query', ['--show', '--showformat=${Package} ${db:Status-Status}\n', ...names], { env });
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
