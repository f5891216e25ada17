import type { FaceModelRepository } from '../repository.js';
import { aManifest } from './builders.js';

/** What every repository of FaceModels promises. */
export function describeFaceModelRepositoryContract(name: string, open: () => Promise<{ readonly models: FaceModelRepository; close(): Promise<void> }>): void {
  describe(`FaceModel repository contract: ${name}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let models: FaceModelRepository;
    const identity = { uid: 'fm-0001-test', apiKeyHashes: ['ab'], now: new Date('2026-01-01T00:00:00Z') };
    beforeEach(async () => {
      opened = await open();
      models = opened.models;
    });
    afterEach(() => opened.close());

    it('creates a model, tells an unchanged one, and counts changes of its spec', async () => {
      const created = await models.apply(aManifest('front-door'), identity);
      expect(created).toMatchObject({ outcome: 'created', model: { uid: 'fm-0001-test', generation: 1, apiKeyHashes: ['ab'], status: null, namespace: 'default' } });
      expect(await models.apply(aManifest('front-door'), { ...identity, uid: 'fm-0002-test' })).toEqual({ outcome: 'unchanged', model: created.model });
      expect(await models.apply(aManifest('front-door', { suspend: true }), identity)).toMatchObject({ outcome: 'changed', model: { generation: 2, spec: { suspend: true } } });
      expect(await models.find('front-door')).toMatchObject({ generation: 2 });
      expect(await models.find('nobody')).toBeUndefined();
    });

    it('does not let the storage id change, and leaves the model as it was', async () => {
      await models.apply(aManifest('front-door', { storageId: 'adopted-1' }), identity);
      await expect(models.apply(aManifest('front-door', { storageId: 'adopted-2' }), identity)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
      expect(await models.find('front-door')).toMatchObject({ generation: 1, spec: { storageId: 'adopted-1' } });
    });

    it('lists all by name', async () => {
      for (const [i, model] of ['b', 'a', 'c'].entries()) await models.apply(aManifest(model), { ...identity, uid: `fm-000${i}-test` });
      expect((await models.list()).map((m) => m.name).sort()).toEqual(['a', 'b', 'c']);
    });

    it('keeps a status apart from the spec: writing it is no new generation', async () => {
      const { model } = await models.apply(aManifest('front-door'), identity);
      const status = {
        phase: 'Empty' as const,
        storageId: model.uid,
        samples: { people: 0, photos: 0, snapshot: null },
        activeVersion: null,
        targetVersion: null,
        rollout: null,
        training: { run: null, stage: null, percent: null, attempt: 0, lastFailure: null },
        replicas: { total: 0, updated: 0, failed: 0 },
        conditions: [],
        observedGeneration: 1,
      };
      await models.writeStatus(model.uid, status);
      expect(await models.find('front-door')).toMatchObject({ generation: 1, status });
      await expect(models.writeStatus('fm-gone', status)).resolves.toBeUndefined();
    });
  });
}
