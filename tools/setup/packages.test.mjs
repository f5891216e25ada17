import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentOfNpm, holdsEverything, packages } from './packages.mjs';

const lock = (packages) => ({ packages: { '': { name: 'facehash' }, 'libs/kernel': { name: '@facehash/kernel' }, ...packages } });
const zod = { version: '4.0.0', integrity: 'sha512-a' };

describe('an installation made by hand', () => {
  it('is what the lock file describes when every package is there as locked', () => {
    expect(holdsEverything(lock({ 'node_modules/zod': zod }), { packages: { 'node_modules/zod': zod } })).toBe(true);
  });

  it.each([
    ['a package is missing', {}],
    ['a package has another version', { 'node_modules/zod': { ...zod, version: '4.0.1' } }],
    ['a package has other bytes', { 'node_modules/zod': { ...zod, integrity: 'sha512-b' } }],
  ])('is not when %s', (_, packages) => {
    expect(holdsEverything(lock({ 'node_modules/zod': zod }), { packages })).toBe(false);
  });

  it('may lack an optional package: that of another platform', () => {
    expect(holdsEverything(lock({ 'node_modules/zod': { ...zod, optional: true } }), { packages: {} })).toBe(true);
  });

  it('is not when a package of the repository is not linked yet', () => {
    const linked = { 'node_modules/@facehash/kernel': { resolved: 'libs/kernel', link: true } };
    expect(holdsEverything(lock(linked), { packages: {} })).toBe(false);
    expect(holdsEverything(lock(linked), { packages: linked })).toBe(true);
  });

  it('is not when npm left no record of it', () => {
    expect(holdsEverything(lock({ 'node_modules/zod': zod }), {})).toBe(false);
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

  /** An npm that fails so many times before it installs, and counts its calls. */
  async function npmFailing(times) {
    const script = `#!/bin/sh\necho "$1" >> calls\n[ "$(wc -l < calls)" -gt ${times} ] && mkdir node_modules\n`;
    await writeFile(join(root, 'npm'), script, { mode: 0o755 });
    const said = [];
    const options = { root, env: { PATH: `${root}:/usr/bin:/bin` }, begins: (what) => said.push(what), pause: async () => undefined };
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
});
