import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { FaceModelStatus } from '@facehash/facemodel';
import { aManifest, describeFaceModelRepositoryContract } from '@facehash/facemodel/testing';
import { temporaryFolder, type TemporaryFolder } from '@facehash/testing';
import { openSqliteFaceModels, openSqliteRegistry, type SqliteFaceModels } from './index.js';

describeFaceModelRepositoryContract('SQLite', async () => {
  const folder = await temporaryFolder();
  const models = openSqliteFaceModels(join(folder.path, 'facehash.db'));
  return {
    models,
    close: async () => {
      await models.close();
      await folder[Symbol.asyncDispose]();
    },
  };
});

describe('FaceModels in an SQLite file', () => {
  let folder: TemporaryFolder;
  let file: string;
  let models: SqliteFaceModels;
  const identity = { uid: 'fm-0001-test', apiKeyHashes: ['ab'], now: new Date('2026-01-01T00:00:00Z') };
  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, 'facehash.db');
    models = openSqliteFaceModels(file);
  });
  afterEach(async () => {
    await models.close();
    await folder[Symbol.asyncDispose]();
  });

  it('are there for the next who opens it, beside the registry', async () => {
    const { model } = await models.apply(aManifest('front-door'), identity);
    await models.close();
    const registry = openSqliteRegistry(file);
    await registry.bumpCounter(model.uid);
    await registry.close();
    models = openSqliteFaceModels(file);
    expect(await models.list()).toEqual([model]);
  });

  it('have another change token whenever a spec is new, and the same one otherwise', async () => {
    const other = openSqliteFaceModels(file);
    const tokens = [await models.changeToken()];
    const act = async (work: () => Promise<unknown>): Promise<void> => {
      await work();
      tokens.push(await models.changeToken());
    };
    await act(() => models.apply(aManifest('front-door'), identity));
    await act(() => other.apply(aManifest('front-door', { suspend: true }), identity));
    await act(() => other.rotateKey('front-door', { hash: 'cd', oldKeyValidUntil: null }));
    await act(() => other.apply(aManifest('back-door'), { ...identity, uid: 'fm-0002-test' }));
    await act(() => other.delete('back-door', new Date(0)));
    expect(new Set(tokens).size).toBe(6);
    const last = tokens.at(-1);
    await act(() => other.apply(aManifest('front-door', { suspend: true }), identity));
    await act(() => other.apply(aManifest('front-door', { storageId: 'adopted-1' }), identity).catch(() => undefined));
    await act(() => models.writeStatus('fm-0001-test', { phase: 'Empty' } as FaceModelStatus));
    expect(tokens.slice(6)).toEqual([last, last, last]);
    await other.close();
  });

  it('are written and counted together, or not at all', async () => {
    const writer = new DatabaseSync(file);
    writer.exec(`CREATE TRIGGER no BEFORE UPDATE ON face_model_changes BEGIN SELECT raise(ABORT, 'no'); END`);
    await expect(models.apply(aManifest('front-door'), identity)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await models.list()).toEqual([]);
    writer.exec('DROP TRIGGER no');
    writer.close();
    expect(await models.apply(aManifest('front-door'), identity)).toMatchObject({ outcome: 'created' });
  });

  it('get the defaults of fields that their spec was written without', async () => {
    const { model } = await models.apply(aManifest('front-door'), identity);
    const writer = new DatabaseSync(file);
    writer.exec(`UPDATE face_models SET spec = '{"suspend": true}'`);
    writer.close();
    expect(await models.find('front-door')).toEqual({ ...model, spec: { ...model.spec, suspend: true } });
  });

  it('are unavailable when what is stored is none', async () => {
    await models.apply(aManifest('front-door'), identity);
    const writer = new DatabaseSync(file);
    writer.exec(`UPDATE face_models SET spec = '{"suspend": "perhaps"}'`);
    writer.close();
    await expect(models.find('front-door')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(models.apply(aManifest('front-door'), identity)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});
