import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@facehash/kernel';
import { newApiKey } from '@facehash/facemodel';
import { apiKeyFile, KeyFiles } from './key-files.js';

describe('the owner’s copy of a key', () => {
  let dir: string;
  const random = seededRandom(1);
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'facehash-keys-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('is made once, readable by its owner only, and found again', async () => {
    const keys = new KeyFiles(dir);
    const first = await keys.keep('default', () => newApiKey(random));
    const again = await keys.keep('default', () => newApiKey(random));
    expect(again).toEqual(first);
    expect(first.where).toBe(join(dir, 'api-key'));
    expect((await stat(first.where)).mode & 0o777).toBe(0o600);
    expect(await readFile(first.where, 'utf8')).toBe(`${first.key}\n`);
  });

  it('of another model lies in a file of its name', async () => {
    const { where } = await new KeyFiles(dir).keep('front-door', () => newApiKey(random));
    expect(where).toBe(apiKeyFile(dir, 'front-door'));
  });

  it('is the same for two that make it at once, and nothing else is left', async () => {
    const made = await Promise.all([1, 2].map(() => new KeyFiles(dir).keep('default', () => newApiKey(random))));
    expect(made[0]?.key).toBe(made[1]?.key);
    expect(await readdir(dir)).toEqual(['api-key']);
  });

  it('makes way for the next one, which lay beside it until then', async () => {
    const keys = new KeyFiles(dir);
    const { key: before, where } = await keys.keep('front-door', () => newApiKey(random));
    const { key: next } = await keys.keepNext('front-door', () => newApiKey(random));
    expect(await keys.keepNext('front-door', () => newApiKey(random))).toMatchObject({ key: next });
    expect(await readFile(where, 'utf8')).toBe(`${before}\n`);
    expect(await keys.takeNext('front-door')).toEqual({ where });
    expect(await keys.takeNext('front-door')).toEqual({ where });
    expect([await readFile(where, 'utf8'), (await stat(where)).mode & 0o777]).toEqual([`${next}\n`, 0o600]);
    expect(await readdir(join(dir, 'keys'))).toEqual(['front-door']);
  });

  it('can be dropped as often as one likes', async () => {
    const keys = new KeyFiles(dir);
    await keys.keep('front-door', () => newApiKey(random));
    await keys.keepNext('front-door', () => newApiKey(random));
    await keys.drop('front-door');
    await keys.drop('front-door');
    expect(await readdir(join(dir, 'keys'))).toEqual([]);
  });

  it('that somebody damaged is refused, not replaced', async () => {
    await writeFile(join(dir, 'api-key'), 'fhk_short');
    await expect(new KeyFiles(dir).keep('default', () => newApiKey(random))).rejects.toMatchObject({ code: 'API_KEY_INVALID' });
  });
});
