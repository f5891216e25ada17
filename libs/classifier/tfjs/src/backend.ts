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
  type ModelShape,
  type TrainingSample,
} from '@facehash/classifier-core';
import { FaceHashError } from '@facehash/kernel';
import { fitBranch } from './fit.js';
import { decodeModel, encodeModel } from './format.js';
import { shapeProblem, TfjsKeyModel } from './key-model.js';
import { deviceInUse, loadAddon, type Environment, type TensorflowOptions } from './tensorflow-addon.js';
import { buildTopology, imprint, standardise } from './topology.js';

/**
 * TensorFlow.js as the maker and loader of models. Its engine is one per process: the backend that was opened last computes for everyone.
 * `wasm` (the default of programs) and `cpu` (plain JavaScript) need nothing that is not in an npm package.
 */
export async function openTfjsBackend(name: 'wasm' | 'cpu'): Promise<ModelBackend> {
  if (name === 'wasm') {
    setWasmPaths(`${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`);
    setThreadsCount(1);
  }
  return use(name);
}

/** Native TensorFlow, which also says what it found to compute on. */
export interface TensorflowBackend extends ModelBackend {
  readonly device: 'cpu' | 'gpu';
}

/**
 * The same on TensorFlow's own libraries, which `npm run tensorflow` builds. A process loads them once, and the first call's choice holds.
 * Rejects with REQUEST_INVALID when they are not there, and with GPU_UNAVAILABLE (try again) when a GPU is demanded that is not.
 * @param environment the process' own: TensorFlow reads its settings from nowhere else. Those that are not set yet are set here
 */
export async function openTensorflowBackend(options: TensorflowOptions, environment: Environment): Promise<TensorflowBackend> {
  // Before the addon brings TF.js' other backends with it, each of which would say on the console that it is here already.
  enableProdMode();
  loadAddon(options, environment);
  const used = await use('tensorflow');
  const device = deviceInUse();
  if (options.device === 'gpu' && device !== 'gpu') {
    // TensorFlow itself goes on without a word, however long that takes.
    throw new FaceHashError('GPU_UNAVAILABLE', { detail: 'TensorFlow finds none that it can use' });
  }
  return { ...used, device };
}

async function use(name: string): Promise<ModelBackend> {
  // Production mode: no checks for NaN, and no advice to install another package on the console.
  enableProdMode();
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

async function load(parts: ModelParts, of: ModelShape): Promise<KeyModel> {
  const model = await decodeModel(parts).catch((cause: unknown) => {
    throw new FaceHashError('ARTIFACT_CORRUPT', { detail: 'the parts are no layers model' }, { cause });
  });
  const problem = shapeProblem(model, of);
  if (problem === undefined) return new TfjsKeyModel(model, of.people);
  model.dispose();
  throw new FaceHashError('ARTIFACT_CORRUPT', { problem });
}
