import { appendFile, lstat, mkdir, open, readdir, readFile, rm, symlink, utimes, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { describeObjectStoreContract } from '@facehash/object-store-core/testing';
import { temporaryFolder, type TemporaryFolder } from '@facehash/testing';
import { openFsObjectStore } from './index.js';

describeObjectStoreContract('directory', async () => {
  const folder = await temporaryFolder();
  return { store: await openFsObjectStore(folder.path), close: async () => folder[Symbol.asyncDispose]() };
});

describe('objects in a directory', () => {
  let temporary: TemporaryFolder;
  let folder: string;
  beforeEach(async () => {
    temporary = await temporaryFolder();
    folder = temporary.path;
  });
  afterEach(() => temporary[Symbol.asyncDispose]());
  const data = new TextEncoder().encode('data');
  const other = new TextEncoder().encode('other');

  it('are there for another store over the same directory, under the same revision', async () => {
    const revision = await (await openFsObjectStore(folder)).replace('m/a', data, null);
    const again = await openFsObjectStore(folder);
    expect(await again.read('m/a')).toEqual({ bytes: data, revision });
    expect(await again.replace('m/a', other, revision ?? null)).toBeDefined();
  });

  it('are won by one store of two over the same directory', async () => {
    const stores = [await openFsObjectStore(folder), await openFsObjectStore(folder)];
    const race = stores.flatMap((store) => Array.from({ length: 10 }, () => store.replace('m/p', data, null)));
    expect((await Promise.all(race)).filter((r) => r !== undefined)).toHaveLength(1);
  });

  it('lie in a directory that is made, with those above it', async () => {
    const deep = join(folder, 'not', 'there', 'yet');
    await (await openFsObjectStore(deep)).create('m/a', data);
    expect(await readFile(join(deep, 'm', 'a'), 'utf8')).toBe('data');
  });

  it('are for their owner’s eyes only', async () => {
    const store = await openFsObjectStore(join(folder, 'objects'));
    await store.create('m/a', data);
    await store.replace('m/p', data, null);
    const modes = await Promise.all(
      ['.', 'm', 'm/a', 'm/p'].map(async (path) => (await lstat(join(folder, 'objects', path))).mode & 0o077),
    );
    expect(modes).toEqual([0, 0, 0, 0]);
  });

  it('come back where somebody removed the folder in the meantime', async () => {
    const store = await openFsObjectStore(folder);
    await store.create('m/a', data);
    await rm(join(folder, 'm'), { recursive: true });
    expect(await store.create('m/a', data)).toBe('created');
  });

  it('stay away when they were removed while a replacement was reading what it replaces', async () => {
    const store = await openFsObjectStore(folder);
    const large = new Uint8Array(10_000_000);
    for (let i = 0; i < 12; i++) {
      const revision = await store.replace('m/large', large, null);
      const replacing = store.replace('m/large', data, revision ?? null);
      await new Promise((resolve) => setTimeout(resolve, 6 * i));
      await Promise.all([store.remove('m/large'), replacing]);
      expect(await store.read('m/large')).toBeUndefined();
    }
  });

  describe('that are being written', () => {
    const left = (): Promise<string[]> => readdir(join(folder, '.tmp'));

    it('leave no temporary file, whoever won', async () => {
      const store = await openFsObjectStore(folder);
      await Promise.all([store.create('m/a', data), store.create('m/a', other)]);
      await Promise.all([store.replace('m/p', data, null), store.replace('m/p', other, null)]);
      expect(await left()).toEqual([]);
    });

    it('are swept when their writer is dead, or has had a quarter of an hour', async () => {
      await openFsObjectStore(folder);
      const names = { dead: '999999999-left', writing: `${process.pid}-writing`, old: `${process.pid}-old`, nobody: 'nobody' };
      for (const name of Object.values(names)) await writeFile(join(folder, '.tmp', name), 'half');
      const longAgo = Date.now() / 1000 - 16 * 60;
      await utimes(join(folder, '.tmp', names.old), longAgo, longAgo);
      await openFsObjectStore(folder);
      expect(await left()).toEqual([names.writing]);
    });

    it('are synced before they get their name, and their folder after', async () => {
      const store = await openFsObjectStore(folder);
      await store.create('m/first', data);
      const named = async (key: string): Promise<boolean> => (await store.read(key)) !== undefined;
      for (const [key, write] of [
        ['m/a', () => store.create('m/a', data)],
        ['m/p', () => store.replace('m/p', data, null)],
      ] as const) {
        const synced: string[] = [];
        await withSync(async (sync, isFolder) => {
          synced.push(`${isFolder ? 'folder' : 'file'} ${(await named(key)) ? 'after' : 'before'}`);
          await sync();
        }, write);
        expect(synced).toEqual(['file before', 'folder after']);
      }
    });

    it('sync every folder that was made for them, in the one above', async () => {
      const store = await openFsObjectStore(folder);
      let folders = 0;
      await withSync(
        async (sync, isFolder) => {
          folders += isFolder ? 1 : 0;
          await sync();
        },
        () => store.create('m/a/b/c', data),
      );
      expect(folders).toBe(4);
    });

    it('do not appear when they cannot be synced', async () => {
      const store = await openFsObjectStore(folder);
      await store.create('m/first', data);
      const broken = Object.assign(new Error('i/o error'), { code: 'EIO' });
      for (const write of [() => store.create('m/a', data), () => store.replace('m/a', data, null)]) {
        const failure = withSync(() => Promise.reject(broken), write);
        await expect(failure).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', cause: broken });
        expect(await store.read('m/a')).toBeUndefined();
        expect(await left()).toEqual([]);
      }
    });

    it('are not acknowledged when only their folder cannot be synced', async () => {
      const store = await openFsObjectStore(folder);
      const revision = await store.replace('m/p', data, null);
      const broken = Object.assign(new Error('i/o error'), { code: 'EIO' });
      const unlessFolder: Sync = (sync, isFolder) => (isFolder ? Promise.reject(broken) : sync());
      for (const write of [
        () => store.create('m/a', data),
        () => store.create('m/p', data),
        () => store.replace('m/p', other, revision ?? null),
        () => store.remove('m/p'),
      ]) {
        await expect(withSync<unknown>(unlessFolder, write)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', cause: broken });
      }
    });
  });

  describe('where the directory is not as it should be', () => {
    const unavailable = { code: 'STORE_UNAVAILABLE' };

    it('are refused with the reason', async () => {
      const store = await openFsObjectStore(folder);
      await writeFile(join(folder, 'm'), 'a file where a folder should be');
      await expect(store.create('m/a', data)).rejects.toMatchObject({ ...unavailable, cause: { code: 'EEXIST' } });
      await expect(store.replace('m/a', data, null)).rejects.toMatchObject({ ...unavailable, cause: { code: 'EEXIST' } });
    });

    it('are not said to exist where a folder has their name', async () => {
      const store = await openFsObjectStore(folder);
      await mkdir(join(folder, 'm', 'a'), { recursive: true });
      await expect(store.create('m/a', data)).rejects.toMatchObject(unavailable);
      await expect(store.replace('m/a', data, null)).rejects.toMatchObject(unavailable);
    });

    it('cannot be opened', async () => {
      await writeFile(join(folder, 'file'), '');
      await expect(openFsObjectStore(join(folder, 'file'))).rejects.toMatchObject({ ...unavailable, cause: { code: 'EEXIST' } });
      await expect(openFsObjectStore(join(folder, 'file', 'below'))).rejects.toMatchObject({ ...unavailable, cause: { code: 'ENOTDIR' } });
    });

    it('are listed without what is none of ours', async () => {
      const store = await openFsObjectStore(folder);
      await store.create('m/a', data);
      await writeFile(join(folder, 'm', '.hidden'), 'x');
      await writeFile(join(folder, 'm', 'no key'), 'x');
      expect(await keys(store, '')).toEqual(['m/a']);
    });
  });

  describe('beside a link', () => {
    it('are not reached through it when it leads to a folder outside', async () => {
      await using outside = await temporaryFolder();
      await writeFile(join(outside.path, 'secret'), 'secret');
      const store = await openFsObjectStore(folder);
      await store.create('m/a', data);
      await symlink(outside.path, join(folder, 'm', 'out'));
      const refused = { code: 'STORE_UNAVAILABLE' };
      await expect(store.read('m/out/secret')).rejects.toMatchObject(refused);
      await expect(store.create('m/out/new', data)).rejects.toMatchObject(refused);
      await expect(store.create('m/out/deep/new', data)).rejects.toMatchObject(refused);
      await expect(store.replace('m/out/new', data, null)).rejects.toMatchObject(refused);
      await expect(store.remove('m/out/secret')).rejects.toMatchObject(refused);
      await expect(keys(store, 'm/out/')).rejects.toMatchObject(refused);
      expect(await keys(store, 'm/')).toEqual(['m/a']);
      expect(await readdir(outside.path)).toEqual(['secret']);
    });

    it('are not reached through it when it leads to a file outside', async () => {
      await using outside = await temporaryFolder();
      await writeFile(join(outside.path, 'secret'), 'secret');
      const store = await openFsObjectStore(folder);
      await symlink(join(outside.path, 'secret'), join(folder, 'link'));
      await expect(store.read('link')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(store.create('link', data)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await keys(store, '')).toEqual([]);
      await store.remove('link');
      expect(await readFile(join(outside.path, 'secret'), 'utf8')).toBe('secret');
    });

    it('are found when the directory itself is reached by one', async () => {
      await using outside = await temporaryFolder();
      await symlink(folder, join(outside.path, 'data'));
      const store = await openFsObjectStore(join(outside.path, 'data'));
      await store.create('m/a', data);
      await appendFile(join(folder, 'm', 'a'), '!');
      expect((await store.read('m/a'))?.bytes).toHaveLength(data.length + 1);
    });
  });
});

async function keys(store: Awaited<ReturnType<typeof openFsObjectStore>>, prefix: string): Promise<string[]> {
  const all: string[] = [];
  for await (const { key } of store.list(prefix)) all.push(key);
  return all;
}

type Sync = (sync: () => Promise<void>, isFolder: boolean) => Promise<void>;

/** Runs `work` while `instead` stands for every sync of a file or folder: what a test does where it cannot pull the plug. */
async function withSync<T>(instead: Sync, work: () => Promise<T>): Promise<T> {
  const handle = await open('/', 'r');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const sync = Object.getOwnPropertyDescriptor(prototype, 'sync');
  const real = sync?.value as (this: FileHandle) => Promise<void>;
  prototype.sync = async function (this: FileHandle) {
    await instead(() => real.call(this), (await this.stat()).isDirectory());
  };
  try {
    return await work();
  } finally {
    Object.defineProperty(prototype, 'sync', sync ?? {});
  }
}
