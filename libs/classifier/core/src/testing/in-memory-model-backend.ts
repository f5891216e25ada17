import { canonicalJson, FaceHashError } from '@facehash/kernel';
import { z } from 'zod';
import { centroidsOf } from '../centroids.js';
import type { FitOptions, KeyModel, ModelBackend, ModelParts, ModelShape, TrainingSample } from '../ports.js';

const weights = z.record(z.string(), z.array(z.number()));

/** The fake: the imprinted layer alone, in plain arrays; nothing is trained. */
export class InMemoryModelBackend implements ModelBackend {
  readonly name = 'memory';
  /** The next call throws this once: how a test says "the fit failed". */
  nextError: Error | undefined;
  /** Samples of each fit. */
  readonly fits: (readonly TrainingSample[])[] = [];
  /** Models that were loaded and not closed. */
  open = 0;

  async fit(samples: readonly TrainingSample[], options: FitOptions, signal?: AbortSignal): Promise<ModelParts> {
    this.#begin(signal);
    this.fits.push(samples);
    options.onProgress?.(1);
    const people = centroidsOf(samples);
    return {
      modelJson: encode({ format: 'in-memory', people: people.length }),
      weights: encode(Object.fromEntries(people.map((p) => [p.personId, [...p.direction]]))),
    };
  }

  async load(parts: ModelParts, { people, descriptorLength }: ModelShape): Promise<KeyModel> {
    this.#begin();
    const centroids = decode(parts.weights);
    if (canonicalJson(Object.keys(centroids).sort()) !== canonicalJson([...people].sort())) {
      throw new FaceHashError('ARTIFACT_CORRUPT', { problem: 'the model is of other people' });
    }
    if (Object.values(centroids).some((centroid) => centroid.length !== descriptorLength)) {
      throw new FaceHashError('ARTIFACT_CORRUPT', { problem: 'the model is of descriptors of another length' });
    }
    this.open++;
    return {
      people,
      sizeBytes: parts.weights.length,
      predict: (descriptor) => {
        const similarities = Float32Array.from(people, (id) =>
          (centroids[id] ?? []).reduce((sum, value, i) => sum + value * (descriptor[i] ?? 0), 0),
        );
        const largest = Math.max(...similarities);
        const exponentials = similarities.map((cosine) => Math.exp(128 * (cosine - largest)));
        const total = exponentials.reduce((a, b) => a + b, 0);
        return { similarities, probabilities: exponentials.map((value) => value / total) };
      },
      close: () => {
        this.open--;
      },
    };
  }

  #begin(signal?: AbortSignal): void {
    signal?.throwIfAborted();
    const error = this.nextError;
    this.nextError = undefined;
    if (error) throw error;
  }
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}

function decode(bytes: Uint8Array): z.output<typeof weights> {
  try {
    return weights.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new FaceHashError('ARTIFACT_CORRUPT', {}, { cause });
  }
}
