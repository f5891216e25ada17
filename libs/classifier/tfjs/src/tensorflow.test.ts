import { aGallery, someHyperparameters } from '@facehash/classifier-core/testing';
import type { ModelBackend, ModelParts, TrainingSample } from '@facehash/classifier-core';
import { openTensorflowBackend, openTfjsBackend } from './index.js';

const addonDir = process.env['FACEHASH_TENSORFLOW_DIR'] ?? '';
// Four faces under three names each, so that there is something left to train.
const gallery = aGallery({ people: 4, photos: 12, noise: 0.05 }).map((sample, i) => ({
  ...sample,
  personId: `${sample.personId}_${i % 3}`,
}));
const people = [...new Set(gallery.map((s) => s.personId))].sort();
const hyperparameters = { ...someHyperparameters, hiddenUnits: [64], epochs: 60, batchSize: 16, learningRate: 0.001 };
const openNative = () => openTensorflowBackend({ addonDir, device: 'auto' }, process.env);

async function answers(backend: ModelBackend, parts: ModelParts, samples: readonly TrainingSample[]) {
  const model = await backend.load(parts, { people, descriptorLength: 128 });
  const predictions = samples.map((s) => model.predict(s.descriptor, s.ratios));
  model.close();
  return predictions;
}

/** Mean cross-entropy over the samples: what the fit makes smaller. */
async function lossOn(backend: ModelBackend, parts: ModelParts): Promise<number> {
  const predictions = await answers(backend, parts, gallery);
  const losses = gallery.map((s, i) => -Math.log(predictions[i]?.probabilities[people.indexOf(s.personId)] ?? 0));
  return losses.reduce((a, b) => a + b, 0) / losses.length;
}

describe('native TensorFlow', () => {
  it('where it was not built, says what builds it and that trying again is of no use', async () => {
    await expect(openTensorflowBackend({ addonDir: '/nowhere', device: 'auto' }, {})).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      details: { detail: expect.stringContaining('npm run tensorflow') },
    });
  });

  it('sets what TensorFlow reads from the environment, and leaves what the user has set', async () => {
    const environment: Record<string, string | undefined> = { TF_CPP_MIN_LOG_LEVEL: '0' };
    await openTensorflowBackend({ addonDir: '/nowhere', device: 'cpu' }, environment).catch(() => undefined);
    expect(environment).toMatchObject({ TF_CPP_MIN_LOG_LEVEL: '0', TF_FORCE_GPU_ALLOW_GROWTH: 'true', CUDA_VISIBLE_DEVICES: '-1' });
  });

  if (addonDir === '') {
    it.skip('computes nothing here: FACEHASH_TENSORFLOW_DIR is not set; npm run tensorflow builds it', () => undefined);
    return;
  }

  it('refuses to do without the GPU that was demanded, and to be tried again', async () => {
    const { device } = await openNative();
    const demanded = openTensorflowBackend({ addonDir, device: 'gpu' }, process.env);
    const end = await demanded.catch((error: unknown) => error);
    expect(end).toMatchObject(device === 'gpu' ? { device } : { code: 'GPU_UNAVAILABLE', retry: 'backoff' });
  });

  it('comes to the losses of WebAssembly', async () => {
    const losses: number[] = [];
    for (const open of [() => openTfjsBackend('wasm'), openNative]) {
      const backend = await open();
      for (const epochs of [0, 1, 5, 60])
        losses.push(await lossOn(backend, await backend.fit(gallery, { hyperparameters: { ...hyperparameters, epochs } })));
    }
    const [wasm, native] = [losses.slice(0, 4), losses.slice(4)];
    expect(wasm[3]).toBeLessThan((wasm[0] ?? 0) - 0.1);
    native.forEach((loss, i) => expect(Math.abs(loss - (wasm[i] ?? 0))).toBeLessThan(1e-5));
  });

  it('makes a version that answers the same on WebAssembly', async () => {
    const probes = aGallery({ people: 4, photos: 5, seed: 9 });
    const native = await openNative();
    const parts = await native.fit(gallery, { hyperparameters });
    const [there, here] = [await answers(native, parts, probes), await answers(await openTfjsBackend('wasm'), parts, probes)];
    const numbers = (predictions: typeof here) => predictions.flatMap((p) => [...p.similarities, ...p.probabilities]);
    const expected = numbers(here);
    const largest = Math.max(...numbers(there).map((value, i) => Math.abs(value - (expected[i] ?? NaN))));
    expect(largest).toBeLessThan(1e-4);
  });
});
