import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aManifest, describeFaceModelRepositoryContract } from '@facehash/facemodel/testing';
import { aPerson, aPhoto, describeRegistryContract } from '@facehash/registry-core/testing';
import { openSqliteFaceModels, openSqliteRegistry } from './index.js';

async function emptyFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'facehash-sqlite-'));
}

describeRegistryContract('SQLite', async () => {
  const folder = await emptyFolder();
  const registry = openSqliteRegistry(join(folder, 'facehash.db'));
  return {
    registry,
    close: async () => {
      await registry.close();
      await rm(folder, { recursive: true });
    },
  };
});

describeFaceModelRepositoryContract('SQLite', async () => {
  const folder = await emptyFolder();
  const models = openSqliteFaceModels(join(folder, 'facehash.db'));
  return {
    models,
    close: async () => {
      await models.close();
      await rm(folder, { recursive: true });
    },
  };
});

describe('one SQLite file', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await emptyFolder();
    file = join(folder, 'facehash.db');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('keeps everything for the next who opens it', async () => {
    const first = openSqliteRegistry(file);
    const ann = aPerson('Ann');
    await first.createPerson(ann);
    await first.addPhoto(aPhoto(ann));
    await first.bumpCounter(ann.storageId);
    await first.close();
    const second = openSqliteRegistry(file);
    expect(await second.counts(ann.storageId)).toEqual({ people: 1, photos: 1 });
    expect(await second.counter(ann.storageId)).toBe(1);
    await second.close();
  });

  it('serves two at once, and each sees what the other wrote', async () => {
    const [one, other] = [openSqliteRegistry(file), openSqliteRegistry(file)];
    const given = await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? one : other).bumpCounter('m')));
    expect(new Set(given).size).toBe(40);
    await one.createPerson(aPerson('Ann'));
    expect(await other.personByName(aPerson('Ann').storageId, 'Ann')).toBeDefined();
    await one.close();
    await other.close();
  });

  it('tells a server that the command line applied a model, and not that it wrote a status itself', async () => {
    const [server, commandLine] = [openSqliteFaceModels(file), openSqliteFaceModels(file)];
    const before = await server.changeToken();
    await commandLine.apply(aManifest('front-door'), { uid: 'fm-0001', apiKeyHashes: [], now: new Date() });
    expect(await server.changeToken()).not.toBe(before);
    await server.close();
    await commandLine.close();
  });

  it('walks through more photos than it reads at once', async () => {
    const registry = openSqliteRegistry(file);
    const ann = aPerson('Ann');
    await registry.createPerson(ann);
    for (let i = 0; i < 1005; i++) await registry.addPhoto(aPhoto(ann, `photo ${i}`));
    let seen = 0;
    for await (const { sha256 } of registry.allPhotos(ann.storageId)) seen += sha256 ? 1 : 0;
    expect(seen).toBe(1005);
    await registry.close();
  });

  it('that is none is reported as a store that cannot answer', async () => {
    await writeFile(file, 'not a database at all, but long enough to be read as the header of one'.repeat(20));
    expect(() => openSqliteRegistry(file)).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
  });
});
