import { centroidsOf } from '../centroids.js';
import type { FitOptions, KeyModel, ModelBackend, ModelParts, Prediction, TrainingSample } from '../ports.js';
import { aGallery } from './samples.js';

export const someHyperparameters: FitOptions['hyperparameters'] = {
  hiddenUnits: [8],
  epochs: 3,
  batchSize: 4,
  learningRate: 0.01,
  dropout: 0.2,
  l2: 0.0001,
  seed: 7,
};

const peopleOf = (samples: readonly TrainingSample[]) => [...new Set(samples.map((s) => s.personId))].sort();

/** What every backend promises. Runs against the fake and against each real adapter. */
export function describeModelBackendContract(name: string, open: () => Promise<ModelBackend>): void {
  describe(`model backend contract: ${name}`, () => {
    let backend: ModelBackend;
    const loaded: KeyModel[] = [];
    beforeAll(async () => {
      backend = await open();
    });
    afterEach(() => {
      for (const model of loaded.splice(0)) model.close();
    });
    const fit = (samples: readonly TrainingSample[], hyperparameters: Partial<FitOptions['hyperparameters']> = {}) =>
      backend.fit(samples, { hyperparameters: { ...someHyperparameters, ...hyperparameters } });
    const load = async (parts: ModelParts, people: readonly string[]) => {
      const model = await backend.load(parts, { people, descriptorLength: 128 });
      loaded.push(model);
      return model;
    };

    it.each([
      ['one person with one photo', { people: 1, photos: 1 }],
      ['one person with three photos', { people: 1, photos: 3 }],
      ['two people with one photo each', { people: 2, photos: 1 }],
      ['ten people with five photos each', { people: 10, photos: 5 }],
    ])('answers the cosines to the centroids of %s', async (_, size) => {
      const samples = aGallery(size);
      const model = await load(await fit(samples), peopleOf(samples));
      const [probe] = aGallery({ people: 1, photos: 1, seed: 2 });
      const { similarities, probabilities } = predict(model, probe);
      const expected = centroidsOf(samples).map((c) => c.direction.reduce((sum, value, i) => sum + value * (probe?.descriptor[i] ?? 0), 0));
      expect(similarities).toHaveLength(expected.length);
      expected.forEach((cosine, i) => expect(similarities[i]).toBeCloseTo(cosine, 5));
      expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    });

    it('gives probabilities of a face that is unlike everyone, too', async () => {
      const samples = aGallery({ people: 3, photos: 2 });
      const model = await load(await fit(samples), peopleOf(samples));
      const { similarities, probabilities } = model.predict(
        Float32Array.from(samples[0]?.descriptor ?? [], (value) => -value),
        samples[0]?.ratios ?? new Float32Array(),
      );
      expect(Math.max(...similarities)).toBeLessThan(0);
      expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    });

    it('orders people by id, whatever the order of the samples', async () => {
      const samples = aGallery({ people: 3, photos: 2 });
      const people = peopleOf(samples);
      const model = await load(await fit([...samples].reverse()), people);
      expect(model.people).toEqual(people);
      for (const sample of samples) {
        const { similarities } = predict(model, sample);
        expect(people[similarities.indexOf(Math.max(...similarities))]).toBe(sample.personId);
      }
    });

    it('makes the same bytes of the same samples', async () => {
      const samples = aGallery({ people: 4, photos: 3 });
      const [first, second] = [await fit(samples), await fit(samples)];
      expect(Buffer.compare(first.modelJson, second.modelJson)).toBe(0);
      expect(Buffer.compare(first.weights, second.weights)).toBe(0);
    });

    it('refuses parts of other people as corrupt', async () => {
      const samples = aGallery({ people: 2, photos: 2 });
      await expect(
        backend.load(await fit(samples), { people: ['per_0000', 'per_0001', 'per_0002'], descriptorLength: 128 }),
      ).rejects.toMatchObject({
        code: 'ARTIFACT_CORRUPT',
      });
    });

    it('takes descriptors of any length, and refuses a model of another one as corrupt', async () => {
      const samples = aGallery({ people: 2, photos: 2 }).map((s) => ({ ...s, descriptor: s.descriptor.slice(0, 40) }));
      const parts = await fit(samples);
      const model = await backend.load(parts, { people: peopleOf(samples), descriptorLength: 40 });
      loaded.push(model);
      expect(predict(model, samples[0]).similarities).toHaveLength(2);
      await expect(backend.load(parts, { people: peopleOf(samples), descriptorLength: 128 })).rejects.toMatchObject({
        code: 'ARTIFACT_CORRUPT',
      });
    });

    it('refuses parts that are no model as corrupt', async () => {
      const bytes = new TextEncoder().encode('{"not": "a model"}');
      await expect(
        backend.load({ modelJson: bytes, weights: bytes }, { people: ['per_0000'], descriptorLength: 128 }),
      ).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    });

    it('refuses parts that were cut short as corrupt', async () => {
      const samples = aGallery({ people: 2, photos: 2 });
      const parts = await fit(samples);
      const cut = { ...parts, weights: parts.weights.subarray(0, parts.weights.length - 4) };
      await expect(backend.load(cut, { people: peopleOf(samples), descriptorLength: 128 })).rejects.toMatchObject({
        code: 'ARTIFACT_CORRUPT',
      });
    });

    it('reports progress up to 1', async () => {
      const told: number[] = [];
      await backend.fit(aGallery({ people: 2, photos: 2 }), {
        hyperparameters: someHyperparameters,
        onProgress: (done) => told.push(done),
      });
      expect(told.at(-1)).toBe(1);
      expect(told).toEqual([...told].sort((a, b) => a - b));
    });

    it('ends with the reason of a signal that has aborted', async () => {
      const reason = new Error('stop');
      const fitting = backend.fit(aGallery({ people: 2, photos: 2 }), { hyperparameters: someHyperparameters }, AbortSignal.abort(reason));
      await expect(fitting).rejects.toBe(reason);
    });
  });
}

function predict(model: KeyModel, sample: TrainingSample | undefined): Prediction {
  if (!sample) throw new Error('no sample');
  return model.predict(sample.descriptor, sample.ratios);
}
