import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory, contentsBelow, createDirectory, digestOf, keepFresh, removeDeadBuilds } from './cache.mjs';

let folder;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'facehash-cache-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the cache folder', () => {
  it.each([
    ['is the one that the user names', { FACEHASH_CACHE_DIR: '/var/cache/fh', XDG_CACHE_HOME: '/x' }, '/var/cache/fh'],
    ['lies in the cache folder of the desktop', { XDG_CACHE_HOME: '/x' }, '/x/facehash'],
    ['does not follow a relative cache folder', { XDG_CACHE_HOME: 'x' }, join(homedir(), '.cache/facehash')],
    ['lies in ~/.cache otherwise', {}, join(homedir(), '.cache/facehash')],
  ])('%s', (_, env, expected) => expect(cacheDirectory(env)).toBe(expected));
});

describe('a folder made in one step', () => {
  it('is not there until it is complete', async () => {
    const target = join(folder, 'result');
    await createDirectory(target, async (temporary) => {
      await writeFile(join(temporary, 'a'), 'one');
      expect(await readdir(folder)).not.toContain('result');
    });
    expect(await readFile(join(target, 'a'), 'utf8')).toBe('one');
    expect(await readdir(folder)).toEqual(['result']);
  });

  it('is the work of one of two builders at the same time, and whole', async () => {
    const target = join(folder, 'result');
    const build = (text) => async (temporary) => {
      await writeFile(join(temporary, 'a'), text);
      await writeFile(join(temporary, 'b'), text);
    };
    await Promise.all(['one', 'two'].map((text) => createDirectory(target, build(text))));
    expect(await readFile(join(target, 'a'), 'utf8')).toBe(await readFile(join(target, 'b'), 'utf8'));
    expect(await readdir(folder)).toEqual(['result']);
  });

  it('leaves nothing behind when the build fails', async () => {
    const failing = createDirectory(join(folder, 'result'), () => Promise.reject(new Error('disk full')));
    await expect(failing).rejects.toThrow('disk full');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('what lies in the cache for long', () => {
  const now = Date.parse('2030-03-01T00:00:00Z');
  beforeEach(async () => {
    const daysOld = { current: 40, recent: 20, forgotten: 31, 'new.building-1': 0.5, 'dead.building-2': 2 };
    for (const [name, days] of Object.entries(daysOld)) {
      await mkdir(join(folder, name));
      const usedAt = new Date(now - days * 24 * 3600_000);
      await utimes(join(folder, name), usedAt, usedAt);
    }
  });

  it('goes after a month without use, and what a killed build left after a day', async () => {
    await keepFresh(folder, 'current', now);
    expect((await readdir(folder)).sort()).toEqual(['current', 'new.building-1', 'recent']);
  });

  it('stays where programs use the cache itself, except for what a killed build left', async () => {
    await removeDeadBuilds(folder, now);
    expect((await readdir(folder)).sort()).toEqual(['current', 'forgotten', 'new.building-1', 'recent']);
  });
});

it('a digest changes with every name and every byte, and with nothing else', async () => {
  await writeFile(join(folder, 'a.js'), 'ab');
  await writeFile(join(folder, 'notes.txt'), 'x');
  const digest = async () => digestOf(await contentsBelow(folder, (path) => path.endsWith('.js')));
  const before = await digest();
  await writeFile(join(folder, 'notes.txt'), 'y');
  expect(await digest()).toBe(before);
  await writeFile(join(folder, 'a.js'), 'ac');
  expect(await digest()).not.toBe(before);
  expect(digestOf(['ab', 'c'])).not.toBe(digestOf(['a', 'bc']));
});
