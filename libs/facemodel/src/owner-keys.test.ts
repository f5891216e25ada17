import { seededRandom } from '@facehash/kernel';
import { FakeClock } from '@facehash/kernel/testing';
import { apiKeyHash } from './api-key.js';
import { applyFaceModel, type OwnerKeys } from './owner-keys.js';
import { aManifest } from './testing/builders.js';
import { InMemoryFaceModels } from './testing/in-memory-face-models.js';

function parts() {
  const kept = new Map<string, string>();
  const keys: OwnerKeys = {
    keep: async (name, make) => {
      const key = kept.get(name) ?? make();
      kept.set(name, key);
      return { key, where: `memory:${name}` };
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
