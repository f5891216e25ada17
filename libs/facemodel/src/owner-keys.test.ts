import { seededRandom } from '@facehash/kernel';
import { FakeClock } from '@facehash/kernel/testing';
import { apiKeyHash } from './api-key.js';
import { applyFaceModel, rotateApiKey, type OwnerKeys } from './owner-keys.js';
import { apiKeySecretName, validApiKeyHashes } from './repository.js';
import { aManifest, aStoredModel } from './testing/builders.js';
import { InMemoryFaceModels } from './testing/in-memory-face-models.js';

function parts() {
  const kept = new Map<string, string>();
  const keys: OwnerKeys = {
    keep: async (name, make) => {
      const key = kept.get(name) ?? make();
      kept.set(name, key);
      return { key, where: `memory:${name}` };
    },
    keepNext: async (name, make) => {
      const key = kept.get(`${name}.next`) ?? make();
      kept.set(`${name}.next`, key);
      return { key };
    },
    takeNext: async (name) => {
      const next = kept.get(`${name}.next`);
      if (next !== undefined) kept.set(name, next);
      kept.delete(`${name}.next`);
      return { where: `memory:${name}` };
    },
    drop: async (name) => {
      kept.delete(name);
    },
  };
  return { kept, models: new InMemoryFaceModels(), keys, clock: new FakeClock(), random: seededRandom(1) };
}

describe('applying a FaceModel', () => {
  it('makes it with a key, of which only the digest is stored', async () => {
    const all = parts();
    const { outcome, model, keyKeptIn } = await applyFaceModel(aManifest('front-door'), all);
    expect([outcome, keyKeptIn]).toEqual(['created', 'memory:front-door']);
    expect(model.apiKeyHashes).toEqual([apiKeyHash(all.kept.get('front-door') ?? '')]);
    expect(model.uid).toMatch(/^fm-[0-9a-z]{26}$/);
  });

  it('a second time changes the spec and keeps key and uid', async () => {
    const all = parts();
    const first = await applyFaceModel(aManifest('front-door'), all);
    const second = await applyFaceModel(aManifest('front-door', { suspend: true }), all);
    expect(second).toMatchObject({
      outcome: 'changed',
      keyKeptIn: null,
      model: { uid: first.model.uid, apiKeyHashes: first.model.apiKeyHashes, generation: 2 },
    });
  });

  it('after a crash between key and model takes the key that was kept', async () => {
    const all = parts();
    await all.keys.keep('front-door', () => 'fhk_kept');
    const { model } = await applyFaceModel(aManifest('front-door'), all);
    expect(model.apiKeyHashes).toEqual([apiKeyHash('fhk_kept')]);
  });

  it('refuses to change the storage id', async () => {
    const all = parts();
    await applyFaceModel(aManifest('front-door'), all);
    await expect(applyFaceModel(aManifest('front-door', { storageId: 'another-one' }), all)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
  });
});

describe('rotating a key', () => {
  const HOUR_MS = 3_600_000;

  it('gives the owner another one, and leaves the old one valid for the grace period', async () => {
    const all = parts();
    await applyFaceModel(aManifest('front-door'), all);
    const before = all.kept.get('front-door') ?? '';
    const rotated = await rotateApiKey('front-door', { graceMs: HOUR_MS }, all);
    const after = all.kept.get('front-door') ?? '';
    expect(after).not.toBe(before);
    expect(rotated?.keyKeptIn).toBe('memory:front-door');
    const model = await all.models.find('front-door');
    if (!model) throw new Error('no model');
    const at = (ms: number): Date => new Date(all.clock.now().getTime() + ms);
    expect(validApiKeyHashes(model, at(HOUR_MS - 1))).toEqual([apiKeyHash(after), apiKeyHash(before)]);
    expect(validApiKeyHashes(model, at(HOUR_MS))).toEqual([apiKeyHash(after)]);
  });

  it('without grace revokes the old one at once', async () => {
    const all = parts();
    await applyFaceModel(aManifest('front-door'), all);
    const rotated = await rotateApiKey('front-door', { graceMs: 0 }, all);
    expect(rotated?.model).toMatchObject({ apiKeyHashes: [apiKeyHash(all.kept.get('front-door') ?? '')], oldKeyValidUntil: null });
  });

  it('that died after any step is finished by the next call, with one new key', async () => {
    for (const step of ['kept', 'valid']) {
      const all = parts();
      await applyFaceModel(aManifest('front-door'), all);
      const before = apiKeyHash(all.kept.get('front-door') ?? '');
      const dying: OwnerKeys = { ...all.keys, takeNext: () => Promise.reject(new Error('killed')) };
      if (step === 'kept') await all.keys.keepNext('front-door', () => 'fhk_next');
      else await expect(rotateApiKey('front-door', { graceMs: HOUR_MS }, { ...all, keys: dying })).rejects.toThrow('killed');
      const begun = all.kept.get('front-door.next') ?? '';
      const rotated = await rotateApiKey('front-door', { graceMs: HOUR_MS }, all);
      expect(rotated?.model.apiKeyHashes).toEqual([apiKeyHash(begun), before]);
      expect([all.kept.get('front-door'), all.kept.has('front-door.next')]).toEqual([begun, false]);
    }
  });

  it('needs a model', async () => {
    expect(await rotateApiKey('nobody', { graceMs: 0 }, parts())).toBeUndefined();
  });
});

describe('the Secret of a key', () => {
  it('is named by the model, unless its owner named it', () => {
    expect(apiKeySecretName(aStoredModel({ name: 'front-door' }))).toBe('front-door-api-key');
    expect(apiKeySecretName(aStoredModel({ specInput: { apiKey: { secretName: 'door' } } }))).toBe('door');
  });
});
