import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '@facehash/kernel';
import { describeObjectStoreContract } from '@facehash/object-store-core/testing';
import { openFsObjectStore } from './index.js';

async function emptyFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'facehash-objects-'));
}

describeObjectStoreContract('directory', async () => {
  const folder = await emptyFolder();
  return { store: await openFsObjectStore(folder), close: () => rm(folder, { recursive: true }) };
});

describe('objects in a directory', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await emptyFolder();
  });
  afterEach(() => rm(folder, { recursive: true }));
  const data = new TextEncoder().encode('data');

  it('are there for another store over the same directory', async () => {
    await (await openFsObjectStore(folder)).create('m/a', data);
    expect((await (await openFsObjectStore(folder)).read('m/a'))?.bytes).toEqual(data);
  });

  it('leave no temporary file, and what a killed process left is swept', async () => {
    const store = await openFsObjectStore(folder);
    await store.create('m/a', data);
    await store.create('m/a', data);
    await store.replace('m/p', data, null);
    expect(await readdir(join(folder, '.tmp'))).toEqual([]);
    await writeFile(join(folder, '.tmp', '999999999-left'), 'half');
    await openFsObjectStore(folder);
    expect(await readdir(join(folder, '.tmp'))).toEqual([]);
  });

  it('take over the lock of a process that was killed while it held it', async () => {
    const store = await openFsObjectStore(folder);
    const revision = await store.replace('m/p', data, null);
    await writeFile(join(folder, '.locks', sha256Hex('m/p')), '999999999');
    expect(await store.replace('m/p', new TextEncoder().encode('next'), revision ?? null)).toBeDefined();
    expect(await readdir(join(folder, '.locks'))).toEqual([]);
  });

  it('say STORE_UNAVAILABLE, with the cause, when the disk does not play along', async () => {
    const store = await openFsObjectStore(folder);
    await writeFile(join(folder, 'm'), 'a file where a folder should be');
    const failure: unknown = await store.create('m/a', data).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: expect.objectContaining({ code: 'EEXIST' }) });
  });

  it('do not follow a link when they are listed', async () => {
    const store = await openFsObjectStore(folder);
    await store.create('m/a', data);
    await symlink('/etc', join(folder, 'm', 'outside'));
    const keys: string[] = [];
    for await (const { key } of store.list('m/')) keys.push(key);
    expect(keys).toEqual(['m/a']);
  });
});
