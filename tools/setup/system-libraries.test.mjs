import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserForTests, clusterTools, systemLibraries } from './system-libraries.mjs';

const hourMs = 3600_000;
const failedAtMs = Date.parse('2030-03-01T12:00:00Z');
const everything = 'g++ make python3 libopencv-core-dev libopencv-imgproc-dev libopencv-objdetect-dev opencv-data curl python3-requests';

let folder;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'facehash-apt-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A machine that lacks these packages, and whose apt ends with this code and counts its installations. */
async function machine({ lacking = ['make'], aptCode = 100 } = {}) {
  const installed = everything.split(' ').filter((name) => !lacking.includes(name));
  await program('dpkg-query', installed.map((name) => `echo "${name} installed"`).join('\n'));
  await program('apt-get', `[ "$1" = install ] && echo "$@" >> "${folder}/calls"; echo "mirror is down"; exit ${aptCode}`);
}

const program = (name, script) => writeFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

function ask({ purpose = 'start', hoursLater = 0, ...options } = {}) {
  const nowMs = failedAtMs + hoursLater * hourMs;
  const env = { PATH: folder };
  return systemLibraries({ purpose, cacheDir: join(folder, 'cache'), begins: () => undefined, env, isRoot: true, nowMs, ...options });
}

const installations = async () => (await readFile(join(folder, 'calls'), 'utf8').catch(() => '')).split('\n').length - 1;

describe('system libraries', () => {
  it.each([
    ['are asked of nobody on another system', {}, 'not Debian or Ubuntu'],
    ['are left to the user who is not root', { isRoot: false }, 'sudo apt-get install make'],
  ])('%s', async (_, options, sentence) => {
    if ('isRoot' in options) await machine();
    expect(await ask(options)).toEqual({ state: 'absent', sentence: expect.stringContaining(sentence) });
    expect(await installations()).toBe(0);
  });

  it('are present without apt', async () => {
    await machine({ lacking: [] });
    expect(await ask()).toEqual({ state: 'present' });
  });

  it('are installed by apt', async () => {
    await machine({ aptCode: 0 });
    expect([await ask(), await installations()]).toEqual([{ state: 'installed' }, 1]);
  });
});

describe('after apt failed', () => {
  beforeEach(async () => {
    await machine();
    const { state, sentence } = await ask();
    expect(state).toBe('absent');
    expect(sentence).toContain('npm start tries again in a day');
    expect(sentence).toContain('mirror is down');
  });

  it('a start within a day does not try it, and says how to try at once', async () => {
    const { state, sentence } = await ask({ hoursLater: 23 });
    expect([state, await installations()]).toEqual(['absent', 1]);
    const [, path] = /To try at once, delete (\S+)\.$/.exec(sentence);
    await rm(path);
    await ask({ hoursLater: 23 });
    expect(await installations()).toBe(2);
  });

  it.each([
    ['a start a day later', { hoursLater: 25 }],
    ['a start after the clock was set back by a year', { hoursLater: -365 * 24 }],
    ['a test', { purpose: 'test' }],
  ])('%s tries it', async (_, options) => {
    await ask(options);
    expect(await installations()).toBe(2);
  });

  it('a start tries it for a package that was not missing then', async () => {
    await machine({ lacking: ['make', 'g++'] });
    await ask();
    expect(await installations()).toBe(2);
  });

  it('a success makes it forgotten', async () => {
    await machine({ aptCode: 0 });
    expect(await ask({ purpose: 'test' })).toEqual({ state: 'installed' });
    await machine();
    await ask();
    expect(await installations()).toBe(3);
  });
});

describe('the browser for tests', () => {
  const browser = (options = {}) => browserForTests({ begins: () => undefined, env: { PATH: folder }, isRoot: true, ...options });

  it('is present under any of its names, without apt', async () => {
    await program('chromium-browser', 'exit 0');
    expect(await browser()).toEqual({ state: 'present' });
  });

  it('is installed by apt, and by itself', async () => {
    await machine({ lacking: ['make'], aptCode: 0 });
    expect(await browser()).toEqual({ state: 'installed' });
    expect(await readFile(join(folder, 'calls'), 'utf8')).toMatch(/ chromium\n$/);
    expect(await readFile(join(folder, 'calls'), 'utf8')).not.toContain('make');
  });

  it.each([
    ['where apt fails', {}, 'mirror is down'],
    ['for a user who is not root', { isRoot: false }, 'sudo apt-get install chromium'],
  ])('is done without %s', async (_, options, sentence) => {
    await machine();
    expect(await browser(options)).toEqual({ state: 'absent', sentence: expect.stringContaining(sentence) });
  });

  it('is done without where there is no apt', async () => {
    expect(await browser()).toMatchObject({ state: 'absent' });
  });
});

describe('what a local cluster needs of the system', () => {
  const tools = (options = {}) => clusterTools({ begins: () => undefined, env: { PATH: folder }, isRoot: true, ...options });

  it('is installed by apt where some is missing', async () => {
    await machine({ lacking: [], aptCode: 0 });
    expect(await tools()).toEqual({ state: 'installed' });
    expect(await readFile(join(folder, 'calls'), 'utf8')).toMatch(/ runc .* containernetworking-plugins .* catatonit /);
  });

  it.each([
    ['where apt fails', {}, 'mirror is down'],
    ['for a user who is not root', { isRoot: false }, 'needs root'],
  ])('is done without %s', async (_, options, sentence) => {
    await machine();
    expect(await tools(options)).toEqual({ state: 'absent', sentence: expect.stringContaining(sentence) });
  });

  it('is left alone where that is asked for', async () => {
    await machine();
    const env = { PATH: folder, FACEHASH_SKIP_APT: '1' };
    expect((await tools({ env })).sentence).toContain('stay uninstalled');
    expect(await installations()).toBe(0);
  });
});
