import { aGallery, describeModelBackendContract, RATIO_COUNT, someHyperparameters } from '@facehash/classifier-core/testing';
import type { FitOptions, KeyModel, ModelParts, TrainingSample } from '@facehash/classifier-core';
import { io, memory } from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { openTensorflowBackend, openTfjsBackend } from './backend.js';

const tensors = () => memory().numTensors;
// Two faces under three names each: where the imprinted layer is certain already, nothing is left to train.
const gallery = aGallery({ people: 2, photos: 12, noise: 0.05 }).map((sample, i) => ({
  ...sample,
  personId: `${sample.personId}_${i % 3}`,
}));
const people = [...new Set(gallery.map((s) => s.personId))].sort();
const shape = { people, descriptorLength: 128 };
const [probe] = aGallery({ people: 1, photos: 1, seed: 9 });
const ask = (model: KeyModel, sample: TrainingSample | undefined = probe) =>
  model.predict(sample?.descriptor ?? new Float32Array(), sample?.ratios ?? new Float32Array());

const addonDir = process.env['FACEHASH_TENSORFLOW_DIR'] ?? '';
const backends = [
  { name: 'wasm', built: true, open: () => openTfjsBackend('wasm') },
  { name: 'cpu', built: true, open: () => openTfjsBackend('cpu') },
  { name: 'tensorflow', built: addonDir !== '', open: () => openTensorflowBackend({ addonDir, device: 'auto' }, process.env) },
];

describe.each(backends)('TensorFlow.js on $name', ({ name, built, open }) => {
  if (!built) {
    it.skip('is not tested: FACEHASH_TENSORFLOW_DIR is not set; npm run tensorflow builds it', () => undefined);
    return;
  }
  describeModelBackendContract(`tfjs ${name}`, open);

  it('says its name', async () => expect((await open()).name).toBe(name));

  const fit = async (hyperparameters: Partial<FitOptions['hyperparameters']> = {}, samples: readonly TrainingSample[] = gallery) =>
    (await open()).fit(samples, { hyperparameters: { ...someHyperparameters, ...hyperparameters } });
  const answers = async (parts: ModelParts) => {
    const model = await (await open()).load(parts, shape);
    const prediction = ask(model);
    model.close();
    return prediction;
  };

  it('answers the same after another save and load by TensorFlow.js itself', async () => {
    const { modelJson, weights } = await fit();
    const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(modelJson));
    const artifacts = { modelTopology, weightSpecs: weightsManifest[0].weights, weightData: weights.slice().buffer };
    const model = await loadLayersModel(io.fromMemory(artifacts));
    let saved: io.ModelArtifacts = {};
    await model.save(io.withSaveHandler(async (a) => ((saved = a), { modelArtifactsInfo: io.getModelArtifactsInfoForJSON(a) })));
    model.dispose();
    const again = { modelJson, weights: new Uint8Array(io.CompositeArrayBuffer.join(saved.weightData)) };
    expect(await answers(again)).toEqual(await answers({ modelJson, weights }));
  });

  it('keeps no tensor after a fit, nor after a model was closed, twice', async () => {
    const backend = await open();
    const before = tensors();
    const parts = await fit();
    expect(tensors()).toBe(before);
    const model = await backend.load(parts, shape);
    expect(tensors()).toBeGreaterThan(before);
    model.close();
    model.close();
    expect(tensors()).toBe(before);
    expect(() => ask(model)).toThrow('Something went wrong');
  });

  it('makes no tensor that outlives an answer', async () => {
    const model = await (await open()).load(await fit(), shape);
    const before = tensors();
    for (let i = 0; i < 50; i++) ask(model);
    expect(tensors()).toBe(before);
    model.close();
  });

  it('keeps no tensor of a fit that was aborted, nor of a model that it refused', async () => {
    const backend = await open();
    const before = tensors();
    const controller = new AbortController();
    const options = { hyperparameters: { ...someHyperparameters, epochs: 1000 }, onProgress: () => controller.abort(new Error('enough')) };
    await expect(backend.fit(gallery, options, controller.signal)).rejects.toThrow('enough');
    await expect(backend.load(await fit(), { ...shape, people: people.slice(1) })).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    expect(tensors()).toBe(before);
  });

  it('lets timers run while it fits', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await fit({ epochs: 40 });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
  });

  it('decides by the stored kernel: another kernel, other answers', async () => {
    const parts = await fit({ epochs: 0 });
    const honest = await answers(parts);
    const { weightsManifest } = JSON.parse(new TextDecoder().decode(parts.modelJson));
    const specs: { name: string; shape: number[] }[] = weightsManifest[0].weights;
    let at = 0;
    const altered = parts.weights.slice();
    for (const { name: weight, shape } of specs) {
      const size = 4 * shape.reduce((a, b) => a * b, 1);
      if (weight === 'similarity/kernel') new Float32Array(altered.buffer, at, size / 4).reverse();
      at += size;
    }
    const { similarities } = await answers({ ...parts, weights: altered });
    expect([...similarities]).not.toEqual([...honest.similarities]);
  });

  it('without epochs leaves the imprinted layer to decide alone', async () => {
    const { similarities, probabilities } = await answers(await fit({ epochs: 0 }));
    const expected = [...similarities].map((cosine) => Math.exp(128 * (cosine - 1)));
    const total = expected.reduce((a, b) => a + b, 0);
    expected.forEach((value, i) => expect(probabilities[i]).toBeCloseTo(value / total, 5));
  });

  it('trains the branch and leaves the imprinted layer as it was', async () => {
    const [untrained, trained] = [await answers(await fit({ epochs: 0 })), await answers(await fit({ epochs: 30 }))];
    expect(trained.similarities).toEqual(untrained.similarities);
    expect([...trained.probabilities]).not.toEqual([...untrained.probabilities]);
  });

  it('is surer of the enrolled photos after training than before', async () => {
    const surenessOf = async (epochs: number) => {
      const model = await (await open()).load(await fit({ epochs, dropout: 0, hiddenUnits: [64] }), shape);
      const sureness = gallery.reduce((sum, s) => sum + Math.log(ask(model, s).probabilities[people.indexOf(s.personId)] ?? 0), 0);
      model.close();
      return sureness;
    };
    expect(await surenessOf(100)).toBeGreaterThan((await surenessOf(0)) + 5);
  });

  it.each([
    ['seed', { seed: 8 }],
    ['dropout', { dropout: 0.5 }],
    ['l2', { l2: 0.1 }],
    ['learning rate', { learningRate: 0.001 }],
    ['batch size', { batchSize: 5 }],
  ])('hears of another %s', async (_, change) => {
    expect(Buffer.compare((await fit()).weights, (await fit(change)).weights)).not.toBe(0);
  });

  it.each([
    ['no hidden layer', { hiddenUnits: [] }],
    ['two hidden layers', { hiddenUnits: [8, 4] }],
    ['seed 0', { seed: 0 }],
  ])('repeats itself with %s', async (_, change) => {
    const [first, second] = [await fit(change), await fit(change)];
    expect(Buffer.compare(first.weights, second.weights)).toBe(0);
    expect((await answers(first)).similarities).toHaveLength(people.length);
  });

  it('makes nothing of a ratio in which everybody is alike', async () => {
    const samples = gallery.map((s) => ({ ...s, ratios: new Float32Array(RATIO_COUNT).fill(2) }));
    const { probabilities } = await answers(await fit({}, samples));
    expect([...probabilities].every(Number.isFinite)).toBe(true);
  });

  it('says how much memory the weights hold', async () => {
    const parts = await fit();
    const model = await (await open()).load(parts, shape);
    expect(model.sizeBytes).toBe(parts.weights.length);
    model.close();
  });
});
