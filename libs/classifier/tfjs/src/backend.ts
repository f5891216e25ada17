import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { enableProdMode, ready, setBackend } from '@tensorflow/tfjs-core';
import {
  centroidsOf,
  type FitOptions,
  type KeyModel,
  type ModelBackend,
  type ModelParts,
  type TrainingSample,
} from '@facehash/classifier-core';
import { FaceHashError } from '@facehash/kernel';
import { fitBranch } from './fit.js';
import { decodeModel, encodeModel } from './format.js';
import { shapeProblem, TfjsKeyModel } from './key-model.js';
import { buildTopology, imprint, standardise } from './topology.js';

/**
 * TensorFlow.js as the maker and loader of models. Its engine is one per process: the backend that was opened last computes for everyone.
 * `wasm` (the default of programs) and `cpu` (plain JavaScript) need nothing that is not in an npm package.
 */
export async function openTfjsBackend(name: 'wasm' | 'cpu'): Promise<ModelBackend> {
  // Production mode: no checks for NaN, and no advice to install another package on the console.
  enableProdMode();
  if (name === 'wasm') {
    setWasmPaths(`${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`);
    setThreadsCount(1);
  }
  if (!(await setBackend(name))) throw new FaceHashError('INTERNAL', { detail: `TensorFlow.js has no backend ${name} here` });
  await ready();
  return { name, fit, load };
}

async function fit(samples: readonly TrainingSample[], options: FitOptions, signal?: AbortSignal): Promise<ModelParts> {
  signal?.throwIfAborted();
  const centroids = centroidsOf(samples);
  const [first] = samples;
  if (!first) throw new FaceHashError('INTERNAL', { detail: 'there are no samples to fit' });
  const shape = { people: centroids.length, descriptorLength: first.descriptor.length, ratioCount: first.ratios.length };
  const topology = buildTopology(shape, options.hyperparameters);
  const { stored, training } = topology;
  try {
    imprint(
      stored,
      centroids.map((c) => c.direction),
    );
    standardise(
      stored,
      samples.map((s) => s.ratios),
    );
    // One person is certain from the start.
    if (centroids.length > 1) await fitBranch(training, { samples, people: centroids.map((c) => c.personId), options }, signal);
    if (centroids.length === 1 || options.hyperparameters.epochs === 0) options.onProgress?.(1);
    return await encodeModel(stored);
  } finally {
    topology.dispose();
  }
}

async function load(parts: ModelParts, people: readonly string[]): Promise<KeyModel> {
  const model = await decodeModel(parts).catch((cause: unknown) => {
    throw new FaceHashError('ARTIFACT_CORRUPT', { detail: 'the parts are no layers model' }, { cause });
  });
  const problem = shapeProblem(model, people.length);
  if (problem === undefined) return new TfjsKeyModel(model, people);
  model.dispose();
  throw new FaceHashError('ARTIFACT_CORRUPT', { problem });
}
