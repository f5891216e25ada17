import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { freePort } from '@facehash/testing';
import { report, row, type Row } from '../support/benchmark.js';
import { cameraFile, chromiumProgram, launchBrowser } from '../support/browser.js';
import { checkout as here, testedBlocks } from '../support/documents.js';
import { FirstStart } from '../support/first-start.js';
import { sampleFaces } from '../support/sample-faces.js';
import { Stopwatch } from '../support/stopwatch.js';

// How long somebody takes who has never seen the project, from the README to their own face with their name on it.

const SECONDS_MAX = 300;
const SET_UP_TIMEOUT_MS = 30 * 60_000;
const PAGE_TIMEOUT_MS = 120_000;
const FRAMES = 24;
const NAME = 'Ann';
const LINK = /the page\s+(http:\S+)\s/;

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, 'npm-cache': { type: 'string', default: 'empty' } },
});
const npmCache = options['npm-cache'];
if (npmCache !== 'empty' && npmCache !== 'warm') throw new Error('--npm-cache is empty or warm');
const chromium = chromiumProgram();
if (chromium === undefined) throw new Error('There is no Chromium. On Debian and Ubuntu: sudo apt-get install chromium');

const run = promisify(execFile);
/** A minute-long set-up is to end with this program. */
const stopped = new AbortController();
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort(new Error(`stopped by ${signal}`)));
const home = await mkdtemp(join(tmpdir(), 'facehash-first-face-'));
try {
  const film = await cameraFile(join(home, 'camera.mjpeg'), await sampleFaces(2, [...Array(FRAMES).keys()]));
  console.error(`${await version()}; npm's cache: ${npmCache}; ${load()} before`);
  const rows = await journey(film);
  console.error(`${load()} after`);
  report('first-face', rows, options.json);
} finally {
  await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 1000 });
}

async function journey(film: string): Promise<readonly Row[]> {
  const watch = new Stopwatch();
  const checkout = join(home, 'FaceHash');
  await run('git', ['clone', '--quiet', '--no-hardlinks', here, checkout]);
  watch.lap('clone, from this disk');

  const [command = ''] = await testedBlocks('README.md', 'start');
  await using start = await FirstStart.type({ checkout, command, env: await emptyCaches() });
  const link = await start.says(LINK, SET_UP_TIMEOUT_MS, stopped.signal);
  watch.lap('npm start, until it prints the link');
  console.error(setUpLines(start.printed).join('\n'));

  await inBrowser(film, link, watch);
  await start.stop();
  const total = row('from the README to a named face', watch.seconds(), 's', { atMost: SECONDS_MAX });
  const [clone, ready, ...page] = watch.rows;
  return [clone, ready, ...stepsOf(start.printed), ...page, total].filter((r) => r !== undefined);
}

/** Where the link leads: the name typed, the burst of photos, the training, the webcam's own picture with the name on it. */
async function inBrowser(film: string, link: string, watch: Stopwatch): Promise<void> {
  await using browser = await launchBrowser(chromium ?? '', film);
  const page = await browser.newPage({ viewport: { width: 1180, height: 860 } });
  page.setDefaultTimeout(PAGE_TIMEOUT_MS);
  await page.goto(link);
  await page.getByRole('heading', { name: 'Who is this?' }).waitFor();
  watch.lap('browser started, page loaded');
  await enrolled(page);
  watch.lap('enrolled by a burst of 10 photos');
  await page.getByText(`The new version answers: ${NAME} can be recognised.`).waitFor();
  watch.lap('trained');
  await page.getByRole('button', { name: 'Try it' }).click();
  await page.locator('#summary', { hasText: `1 face: ${NAME}.` }).waitFor();
  watch.lap('named');
}

async function enrolled(page: Page): Promise<void> {
  await page.getByLabel('Name', { exact: true }).fill(NAME);
  await page.getByRole('button', { name: 'Take 10 photos' }).click();
  await page.locator('#photos li').nth(9).waitFor();
}

async function emptyCaches(): Promise<Readonly<Record<string, string>>> {
  const cache = join(home, 'cache');
  await mkdir(cache);
  const npm: Readonly<Record<string, string>> = npmCache === 'empty' ? { npm_config_cache: join(home, 'npm') } : {};
  return { FACEHASH_CACHE_DIR: cache, PORT: String(await freePort()), ...npm };
}

/** What set-up said: which steps there were, and which Debian packages were missing. Those stay installed, as they would for a user. */
function setUpLines(printed: string): readonly string[] {
  return printed.split('\r\n').filter((line) => /^(\[\d|\s{6}\S)/.test(line) && !line.includes('still at it'));
}

/** Each step of set-up by the time that it says it took; steps may run side by side. */
function stepsOf(printed: string): readonly Row[] {
  const step = /^\[\d+\/\d+\] (.+?) … (.+) \((?:(\d+) min )?([\d.]+) s\)$/;
  return setUpLines(printed).flatMap((line) => {
    const [, name, state, minutes = '0', seconds] = step.exec(line) ?? [];
    return name === undefined || seconds === undefined ? [] : [row(`  ${name}: ${state}`, 60 * Number(minutes) + Number(seconds), 's')];
  });
}

async function version(): Promise<string> {
  const { stdout: commit } = await run('git', ['-C', here, 'rev-parse', '--short', 'HEAD']);
  const { stdout: changes } = await run('git', ['-C', here, 'status', '--porcelain']);
  return `commit ${commit.trim()}${changes === '' ? '' : ' without the changes that are not committed'}`;
}

function load(): string {
  return `load average ${loadavg()[0]?.toFixed(1) ?? 'unknown'}`;
}
