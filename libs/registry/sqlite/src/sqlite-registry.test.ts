import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { aPerson, aPhoto, describeRegistryContract } from '@facehash/registry-core/testing';
import { temporaryFolder, type TemporaryFolder } from '@facehash/testing';
import { openSqliteRegistry, type SqliteRegistry } from './index.js';

describeRegistryContract('SQLite', async () => {
  const folder = await temporaryFolder();
  const registry = openSqliteRegistry(join(folder.path, 'facehash.db'));
  return {
    registry,
    close: async () => {
      await registry.close();
      await folder[Symbol.asyncDispose]();
    },
  };
});

describe('a registry in an SQLite file', () => {
  const ann = aPerson('Ann');
  const unavailable = { code: 'STORE_UNAVAILABLE' };
  let folder: TemporaryFolder;
  let file: string;
  const opened: SqliteRegistry[] = [];
  const openRegistry = (options = {}): SqliteRegistry => {
    const registry = openSqliteRegistry(file, options);
    opened.push(registry);
    return registry;
  };
  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, 'made', 'for', 'it', 'facehash.db');
  });
  afterEach(async () => {
    for (const registry of opened.splice(0)) await registry.close();
    await folder[Symbol.asyncDispose]();
  });

  it.each([
    [
      'somebody who was erased',
      async (registry: SqliteRegistry) => {
        await registry.erasePerson(ann.storageId, ann.id, '2026-01-01T00:00:00Z');
        await registry.advanceErasure(ann.storageId, ann.id, { completedAt: '2026-01-01T00:00:01Z' });
      },
    ],
    ['a model that was erased', (registry: SqliteRegistry) => registry.eraseModel(ann.storageId)],
  ])('keeps no byte of %s, in no file', async (_, erase) => {
    const registry = openRegistry();
    const filesWithTheName = async (): Promise<readonly string[]> => {
      const names = await readdir(dirname(file));
      const contents = await Promise.all(names.map((name) => readFile(join(dirname(file), name))));
      return names.filter((_name, i) => contents[i]?.includes('Annabel Lee'));
    };
    await registry.createPerson({ ...ann, name: 'Annabel Lee' });
    await registry.addPhoto(aPhoto(ann));
    expect(await filesWithTheName()).not.toEqual([]);
    await erase(registry);
    expect(await filesWithTheName()).toEqual([]);
  });

  it('is there for the next who opens it', async () => {
    const first = openRegistry();
    await first.createPerson(ann);
    await first.addPhoto(aPhoto(ann));
    await first.bumpCounter(ann.storageId);
    await first.close();
    const second = openRegistry();
    expect(await second.person(ann.storageId, ann.id)).toEqual(ann);
    expect(await second.counts(ann.storageId)).toEqual({ people: 1, photos: 1 });
    expect(await second.counter(ann.storageId)).toBe(1);
  });

  it('is for its owner’s eyes only', async () => {
    await openRegistry().createPerson(ann);
    const files = ['..', '.', 'facehash.db', 'facehash.db-wal', 'facehash.db-shm'].map((name) => stat(join(file, '..', name)));
    expect((await Promise.all(files)).map(({ mode }) => mode & 0o077)).toEqual([0, 0, 0, 0, 0]);
  });

  it('serves two at once, and each sees what the other wrote', async () => {
    const [one, other] = [openRegistry(), openRegistry()];
    const given = await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? one : other).bumpCounter('m')));
    expect(new Set(given).size).toBe(40);
    await one.createPerson(ann);
    expect(await other.personByName(ann.storageId, 'Ann')).toEqual(ann);
  });

  it('walks through more photos than it reads at once, and reads on as it goes', async () => {
    const registry = openRegistry();
    await registry.createPerson(ann);
    const photo = (i: number): Parameters<typeof registry.addPhoto>[0] => aPhoto(ann, '', { sha256: String(i).padStart(64, '0') });
    fill(file, 2000, (i) => photo(i));
    const late = `${photo(1500).sha256}-late`;
    const seen: string[] = [];
    for await (const { sha256 } of registry.allPhotos(ann.storageId)) {
      if (seen.length === 0) await registry.addPhoto(aPhoto(ann, '', { sha256: late }));
      seen.push(sha256);
    }
    expect(seen).toEqual([...Array.from({ length: 2000 }, (_, i) => photo(i).sha256), late].sort());
    expect(await registry.counts(ann.storageId)).toEqual({ people: 1, photos: 2001 });
  });

  it('stops a walk when its signal aborts', async () => {
    const registry = openRegistry();
    await registry.createPerson(ann);
    fill(file, 1500, (i) => aPhoto(ann, '', { sha256: String(i) }));
    const stop = new AbortController();
    const walk = async (): Promise<void> => {
      for await (const _ of registry.allPhotos(ann.storageId, stop.signal)) stop.abort(new Error('enough'));
    };
    await expect(walk()).rejects.toThrow('enough');
  });

  describe('that another process is writing to', () => {
    let writer: DatabaseSync;
    beforeEach(async () => {
      await openRegistry().createPerson(ann);
      writer = new DatabaseSync(file);
      writer.exec('BEGIN IMMEDIATE');
    });
    afterEach(() => writer.close());

    it('answers readers meanwhile', async () => {
      expect(await openRegistry().person(ann.storageId, ann.id)).toEqual(ann);
    });

    it('lets a writer wait, without holding up anything else, and go on afterwards', async () => {
      const registry = openRegistry();
      let waiting = true;
      const writing = registry.addPhoto(aPhoto(ann)).finally(() => (waiting = false));
      for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 1));
      expect(waiting).toBe(true);
      writer.exec('ROLLBACK');
      expect(await writing).toBe('added');
    });

    it('is unavailable for a writer whose patience has ended, and says why', async () => {
      const registry = openRegistry({ waitMs: 30 });
      await expect(registry.addPhoto(aPhoto(ann))).rejects.toMatchObject({ ...unavailable, cause: { errstr: 'database is locked' } });
      await expect(registry.createPerson(aPerson('Ben'))).rejects.toMatchObject(unavailable);
      expect(await registry.counts(ann.storageId)).toEqual({ people: 1, photos: 0 });
    });

    it('is not waited for by a writer whose signal aborts', async () => {
      const stop = new AbortController();
      const writing = openRegistry().addPhoto(aPhoto(ann), stop.signal);
      setTimeout(() => stop.abort(new Error('enough')), 1);
      await expect(writing).rejects.toThrow('enough');
    });
  });

  it('is unavailable once it was closed', async () => {
    const registry = openRegistry();
    await registry.close();
    await registry.close();
    await expect(registry.createPerson(ann)).rejects.toMatchObject(unavailable);
    await expect(registry.counts('m')).rejects.toMatchObject(unavailable);
  });

  it('is unavailable, with the cause, when the file is no database', async () => {
    file = join(folder.path, 'facehash.db');
    await writeFile(file, 'not a database at all, but long enough to be read as the header of one'.repeat(20));
    expect(thrownBy(openRegistry)).toMatchObject({ ...unavailable, cause: { errstr: 'file is not a database' } });
  });

  it('is unavailable, with the cause, when the file is damaged', async () => {
    const first = openRegistry();
    await first.createPerson(ann);
    await first.close();
    const damaged = await open(file, 'r+');
    const { size } = await damaged.stat();
    await damaged.write(Buffer.alloc(size - 4096, 0xff), 0, size - 4096, 4096);
    await damaged.close();
    const read = async (): Promise<unknown> => openRegistry().person(ann.storageId, ann.id);
    await expect(read()).rejects.toMatchObject({ ...unavailable, cause: { errstr: 'database disk image is malformed' } });
  });

  it('is unavailable when a row is not what it should be', async () => {
    const registry = openRegistry();
    await registry.createPerson(ann);
    const writer = new DatabaseSync(file);
    writer.exec(`UPDATE people SET metadata = '[1]'`);
    writer.close();
    await expect(registry.person(ann.storageId, ann.id)).rejects.toMatchObject(unavailable);
    await expect(registry.people(ann.storageId, { limit: 1 })).rejects.toMatchObject(unavailable);
  });

  it('cannot be opened where a folder is missing and cannot be made', async () => {
    await writeFile(join(folder.path, 'made'), 'a file');
    expect(thrownBy(openRegistry)).toMatchObject({ ...unavailable, cause: { code: 'ENOTDIR' } });
  });
});

/** Rows of photos without a sync for each. */
function fill(file: string, count: number, make: (i: number) => ReturnType<typeof aPhoto>): void {
  const writer = new DatabaseSync(file);
  writer.exec('BEGIN');
  const insert = writer.prepare('INSERT INTO photos VALUES (?, ?, ?, ?, ?, ?)');
  for (let i = 0; i < count; i++) {
    const { storageId, personId, sha256, sizeBytes, addedAt, quality } = make(i);
    insert.run(storageId, personId, sha256, sizeBytes, addedAt, JSON.stringify(quality));
  }
  writer.exec('COMMIT');
  writer.close();
}

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
