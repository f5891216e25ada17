import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@facehash/testing';
import { keyOf, listServers, recipesOf, serverBinaries } from './build.js';
import { linkerFlags } from './build-steps.js';
import { parseGoModule } from './go-module.js';
import { packageFolder, recipes, serverNames, type Recipe } from './recipes.js';

const [nats] = recipesOf(['nats-server']) as [Recipe];

describe('what is asked for', () => {
  it('is found by name, each module once', () => {
    expect(recipesOf(['kubectl', 'kubelet', 'etcd', 'kubectl']).map(({ module }) => module)).toEqual(['etcd', 'kubernetes']);
  });

  it('must exist, and the error names what does', () => {
    expect(() => recipesOf(['nats-server', 'redis'])).toThrow('There is no server redis. There are: nats-server, minio, ferretdb, etcd,');
  });

  it('may be meant for a benchmark alone, and is nothing that tests build then', () => {
    expect(recipesOf(['controller-peer']).map(({ module }) => module)).toEqual(['controller-peer']);
    expect(serverNames).not.toContain('controller-peer');
  });

  it('has one name in all recipes', () => expect(new Set(serverNames).size).toBe(serverNames.length));
});

describe('the key of a build', () => {
  const key = keyOf(nats, ['go.mod', 'go.sum'], 'linux-x64');

  it('stays while nothing changes', () => expect(keyOf(nats, ['go.mod', 'go.sum'], 'linux-x64')).toBe(key));

  it.each([
    ['a module file', () => keyOf(nats, ['go.mod', 'go.sum.'], 'linux-x64')],
    ['the machine', () => keyOf(nats, ['go.mod', 'go.sum'], 'linux-arm64')],
    ['the recipe', () => keyOf({ ...nats, programs: { 'nats-server': './other' } }, ['go.mod', 'go.sum'], 'linux-x64')],
  ])('changes with %s', (_, changed) => expect(changed()).not.toBe(key));
});

it('every server has a pinned version and a checked origin', async () => {
  await using cache = await temporaryFolder();
  const states = await listServers({ cacheDir: cache.path });
  expect(states.map(({ name }) => name)).toEqual(serverNames);
  for (const { version, built } of states) {
    expect(version).toMatch(/^v\d+\.\d+\.\d+/);
    expect(built).toBe(false);
  }
});

it('the programs are told their versions', async () => {
  const flags: Record<string, string> = {};
  for (const recipe of recipes) {
    if (recipe.kind !== 'go') continue;
    const text = await readFile(join(packageFolder, 'go', recipe.module, 'go.mod'), 'utf8');
    flags[recipe.module] = linkerFlags(recipe, parseGoModule(text));
  }
  expect(flags['kubernetes']).toMatch(/-X k8s\.io\/component-base\/version\.gitVersion=v1\.\d+\.\d+ /);
  expect(flags['minio']).toMatch(/cmd\.ReleaseTag=RELEASE\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ /);
  expect(flags['helm']).toMatch(/chartutil\.k8sVersionMinor=\d\d$/);
  expect(flags['nats']).toBe('-s -w');
});

describe('where it cannot be built', () => {
  it('the error says what to install', async () => {
    await using cache = await temporaryFolder();
    const building = serverBinaries(['nats-server'], { cacheDir: cache.path, env: { PATH: '/nowhere' } });
    await expect(building).rejects.toMatchObject({ code: 'cannotBuildHere', message: expect.stringContaining('https://go.dev/dl') });
  });

  it('an unknown name is told before anything is built', async () => {
    await expect(serverBinaries(['redis'])).rejects.toMatchObject({ code: 'unknownName' });
  });
});
