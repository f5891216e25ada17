import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { dispose, tensor2d, train, type Tensor2D } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { FitOptions, TrainingSample } from '@facehash/classifier-core';
import { seededRandom, type Random } from '@facehash/kernel';

export interface FitInputs {
  readonly samples: readonly TrainingSample[];
  /** Person ids in the order of the outputs. */
  readonly people: readonly string[];
  readonly options: FitOptions;
}

/** Trains the branch beside the imprinted layer: Adam on the cross-entropy of the right person, batches and masks in a seeded order. */
export async function fitBranch(training: LayersModel, { samples, people, options }: FitInputs, signal?: AbortSignal): Promise<void> {
  const { epochs, batchSize, learningRate, seed } = options.hyperparameters;
  const random = seededRandom(seed);
  const outputOf = new Map(people.map((id, i) => [id, i]));
  const optimizer = train.adam(learningRate);
  try {
    training.compile({ optimizer, loss: 'categoricalCrossentropy' });
    for (let epoch = 0; epoch < epochs; epoch++) {
      const shuffled = inRandomOrder(samples, random);
      for (let at = 0; at < shuffled.length; at += batchSize) {
        signal?.throwIfAborted();
        const batch = shuffled.slice(at, at + batchSize);
        const inputs = [
          rows(batch.map((s) => s.descriptor)),
          rows(batch.map((s) => s.ratios)),
          ...masks(batch.length, options.hyperparameters, random),
        ];
        const targets = oneHot(
          batch.map((s) => outputOf.get(s.personId) ?? 0),
          people.length,
        );
        try {
          await training.trainOnBatch(inputs, targets);
        } finally {
          dispose([inputs, targets]);
        }
        await yieldToOthers();
      }
      options.onProgress?.((epoch + 1) / epochs);
    }
  } finally {
    optimizer.dispose();
  }
}

/** Sorted by random keys. */
function inRandomOrder<T>(values: readonly T[], random: Random): readonly T[] {
  const keyed = values.map((value) => ({ value, key: random.next() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
}

/** Inverted dropout (Srivastava et al., 2014): a unit is silent with the given probability, and louder by as much when it is not. */
function masks(batch: number, { hiddenUnits, dropout }: FitOptions['hyperparameters'], random: Random): Tensor2D[] {
  const kept = 1 / (1 - dropout);
  return hiddenUnits.map((units) =>
    tensor2d(
      Float32Array.from({ length: batch * units }, () => (random.next() < dropout ? 0 : kept)),
      [batch, units],
    ),
  );
}

/** One row for each index: TF.js on wasm has no gradient for sparse targets. */
function oneHot(indices: readonly number[], width: number): Tensor2D {
  const values = new Float32Array(indices.length * width);
  indices.forEach((index, row) => (values[row * width + index] = 1));
  return tensor2d(values, [indices.length, width]);
}

function rows(vectors: readonly Float32Array[]): Tensor2D {
  const width = vectors[0]?.length ?? 0;
  const values = new Float32Array(vectors.length * width);
  vectors.forEach((vector, i) => values.set(vector, i * width));
  return tensor2d(values, [vectors.length, width]);
}
