import type { FaceModelRepository } from '../repository.js';
import { aManifest, aStatus } from './builders.js';

/** What every repository of FaceModels promises. Runs against the fake and against each real adapter. */
export function describeFaceModelRepositoryContract(
  name: string,
  open: () => Promise<{ readonly models: FaceModelRepository; close(): Promise<void> }>,
): void {
  describe(`FaceModel repository contract: ${name}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let models: FaceModelRepository;
    const identity = { uid: 'fm-0001-test', apiKeyHashes: ['ab', 'cd'], now: new Date('2026-01-01T00:00:00Z') };
    const another = { uid: 'fm-0002-test', apiKeyHashes: [], now: new Date('2027-01-01T00:00:00Z') };
    beforeEach(async () => {
      opened = await open();
      models = opened.models;
    });
    afterEach(() => opened.close());

    it('creates a model from its manifest', async () => {
      const manifest = aManifest('front-door', { displayName: 'Front door 🙂', training: { debounceSeconds: 2.5 } });
      const created = await models.apply(manifest, identity);
      expect(created).toEqual({
        outcome: 'created',
        model: {
          uid: 'fm-0001-test',
          name: 'front-door',
          namespace: 'default',
          generation: 1,
          spec: manifest.spec,
          apiKeyHashes: ['ab', 'cd'],
          oldKeyValidUntil: null,
          status: null,
          createdAt: '2026-01-01T00:00:00.000Z',
        },
      });
      expect(await models.find('front-door')).toEqual(created.model);
      expect(await models.find('nobody')).toBeUndefined();
    });

    it('tells an unchanged one, and counts changes of the spec', async () => {
      const { model } = await models.apply(aManifest('front-door'), identity);
      expect(await models.apply(aManifest('front-door'), identity)).toEqual({ outcome: 'unchanged', model });
      const suspended = { ...model, generation: 2, spec: { ...model.spec, suspend: true } };
      expect(await models.apply(aManifest('front-door', { suspend: true }), identity)).toEqual({ outcome: 'changed', model: suspended });
      expect(await models.find('front-door')).toEqual(suspended);
    });

    it('takes identity and namespace at creation only', async () => {
      const manifest = aManifest('front-door');
      const { model } = await models.apply({ ...manifest, metadata: { name: 'front-door', namespace: 'team-a' } }, identity);
      expect(model.namespace).toBe('team-a');
      expect(await models.apply(manifest, another)).toEqual({ outcome: 'unchanged', model });
      const changed = await models.apply(aManifest('front-door', { suspend: true }), another);
      expect(changed.model).toEqual({ ...model, generation: 2, spec: { ...model.spec, suspend: true } });
    });

    it('creates one model for a name that ten apply at once', async () => {
      const tried = await Promise.all(times(10, (i) => models.apply(aManifest('front-door'), { ...identity, uid: `fm-000${i}-test` })));
      expect(tried.filter((t) => t.outcome === 'created')).toHaveLength(1);
      expect(tried.filter((t) => t.outcome === 'unchanged')).toHaveLength(9);
      expect(new Set(tried.map((t) => t.model.uid)).size).toBe(1);
      expect(await models.list()).toHaveLength(1);
    });

    it('counts each of ten changes that are applied at once', async () => {
      await models.apply(aManifest('front-door'), identity);
      const spec = (i: number): Readonly<Record<string, unknown>> => ({ displayName: `name ${i}` });
      const tried = await Promise.all(times(10, (i) => models.apply(aManifest('front-door', spec(i)), identity)));
      expect(tried.map((t) => t.model.generation).sort((a, b) => a - b)).toEqual(times(10, (i) => i + 2));
    });

    it.each([
      ['changes', 'adopted-1', 'adopted-2'],
      ['goes', 'adopted-1', null],
      ['comes', null, 'adopted-1'],
    ])('refuses a storage id that %s, and leaves the model as it was', async (_, before, after) => {
      const { model } = await models.apply(aManifest('front-door', { storageId: before }), identity);
      const refused = { code: 'MODEL_INVALID', details: { problems: [{ path: 'spec.storageId' }] } };
      await expect(models.apply(aManifest('front-door', { storageId: after, suspend: true }), identity)).rejects.toMatchObject(refused);
      expect(await models.find('front-door')).toEqual(model);
      expect((await models.apply(aManifest('back-door'), another)).outcome).toBe('created');
    });

    it('lists all, in the order of names', async () => {
      expect(await models.list()).toEqual([]);
      const made = [];
      for (const [i, model] of ['b', 'a', 'b-1'].entries())
        made.push(await models.apply(aManifest(model), { ...identity, uid: `fm-000${i}-test` }));
      expect(await models.list()).toEqual([made[1]?.model, made[0]?.model, made[2]?.model]);
    });

    it('keeps status and spec apart: neither write touches the other', async () => {
      const { model } = await models.apply(aManifest('front-door'), identity);
      await models.apply(aManifest('back-door'), another);
      await models.writeStatus(model.uid, aStatus(model.uid));
      expect(await models.find('front-door')).toEqual({ ...model, status: aStatus(model.uid) });
      expect((await models.find('back-door'))?.status).toBeNull();
      const changed = await models.apply(aManifest('front-door', { suspend: true }), identity);
      expect(changed.model).toMatchObject({ generation: 2, status: aStatus(model.uid) });
      await models.writeStatus(model.uid, { ...aStatus(model.uid), phase: 'Suspended' });
      expect(await models.find('front-door')).toMatchObject({ generation: 2, spec: { suspend: true }, status: { phase: 'Suspended' } });
    });

    it('does nothing for the status of a model that is gone', async () => {
      await expect(models.writeStatus('fm-gone', aStatus('fm-gone'))).resolves.toBeUndefined();
      expect(await models.list()).toEqual([]);
    });

    it('takes a status that was known elsewhere at creation only', async () => {
      const manifest = aManifest('front-door');
      expect((await models.apply(manifest, { ...identity, status: aStatus('fm-0001-test') })).model.status).toEqual(
        aStatus('fm-0001-test'),
      );
      await models.apply(manifest, { ...identity, status: { ...aStatus('fm-0001-test'), phase: 'Ready' } });
      expect((await models.find('front-door'))?.status?.phase).toBe('Empty');
    });

    describe('another key', () => {
      const until = new Date('2026-01-02T00:00:00Z');
      it('is put before the one that it replaces, which stays valid for a while', async () => {
        await models.apply(aManifest('front-door'), { ...identity, apiKeyHashes: ['k1'] });
        const rotated = await models.rotateKey('front-door', { hash: 'k2', oldKeyValidUntil: until });
        expect(rotated).toMatchObject({ apiKeyHashes: ['k2', 'k1'], oldKeyValidUntil: '2026-01-02T00:00:00.000Z', generation: 1 });
        expect(await models.find('front-door')).toEqual(rotated);
        expect(await models.rotateKey('front-door', { hash: 'k2', oldKeyValidUntil: until })).toEqual(rotated);
      });

      it('leaves two at most', async () => {
        await models.apply(aManifest('front-door'), { ...identity, apiKeyHashes: ['k1'] });
        await models.rotateKey('front-door', { hash: 'k2', oldKeyValidUntil: until });
        expect((await models.rotateKey('front-door', { hash: 'k3', oldKeyValidUntil: until }))?.apiKeyHashes).toEqual(['k3', 'k2']);
      });

      it('revokes all others when they get no grace', async () => {
        await models.apply(aManifest('front-door'), { ...identity, apiKeyHashes: ['k1'] });
        await models.rotateKey('front-door', { hash: 'k2', oldKeyValidUntil: until });
        const only = { apiKeyHashes: ['k2'], oldKeyValidUntil: null };
        expect(await models.rotateKey('front-door', { hash: 'k2', oldKeyValidUntil: null })).toMatchObject(only);
        expect(await models.find('front-door')).toMatchObject(only);
      });

      it('needs a model', async () => {
        expect(await models.rotateKey('nobody', { hash: 'k', oldKeyValidUntil: null })).toBeUndefined();
      });
    });

    describe('a deleted model', () => {
      const later = new Date('2026-02-01T00:00:00Z');
      it('is gone from the models and is remembered until it is forgotten', async () => {
        const { model } = await models.apply(aManifest('front-door'), identity);
        const deleted = {
          uid: model.uid,
          name: 'front-door',
          namespace: 'default',
          storageId: model.uid,
          deletedAt: '2026-02-01T00:00:00.000Z',
        };
        expect(await models.delete('front-door', later)).toEqual(deleted);
        expect(await models.delete('front-door', later)).toBeUndefined();
        expect([await models.list(), await models.find('front-door'), await models.deleted()]).toEqual([[], undefined, [deleted]]);
        await models.forget(model.uid);
        await models.forget(model.uid);
        expect(await models.deleted()).toEqual([]);
      });

      it('leaves its name to another, who inherits nothing', async () => {
        await models.apply(aManifest('front-door', { suspend: true }), { ...identity, status: aStatus('fm-0001-test') });
        await models.delete('front-door', later);
        const made = await models.apply(aManifest('front-door'), another);
        expect(made).toMatchObject({
          outcome: 'created',
          model: { uid: 'fm-0002-test', generation: 1, status: null, spec: { suspend: false }, apiKeyHashes: [] },
        });
        expect(await models.deleted()).toHaveLength(1);
      });

      it('keeps its storage id to itself until it is forgotten', async () => {
        const adopting = aManifest('back-door', { storageId: 'fm-0001-test' });
        const refused = { code: 'MODEL_INVALID', details: { problems: [{ path: 'spec.storageId' }] } };
        await models.apply(aManifest('front-door'), identity);
        await expect(models.apply(adopting, another)).rejects.toMatchObject(refused);
        await models.delete('front-door', later);
        await expect(models.apply(adopting, another)).rejects.toMatchObject(refused);
        await models.forget('fm-0001-test');
        expect((await models.apply(adopting, another)).outcome).toBe('created');
      });
    });

    it('hands out copies: what a caller does to them changes nothing', async () => {
      await models.apply(aManifest('front-door'), identity);
      Object.assign((await models.find('front-door'))?.spec ?? {}, { suspend: true });
      expect(await models.find('front-door')).toMatchObject({ spec: { suspend: false } });
    });
  });
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
