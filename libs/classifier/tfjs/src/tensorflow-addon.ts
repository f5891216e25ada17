import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import util from 'node:util';
import { backend } from '@tensorflow/tfjs-core';
import { FaceHashError } from '@facehash/kernel';

export interface TensorflowOptions {
  /** The folder that `npm run tensorflow` filled. */
  readonly addonDir: string;
  /** `auto`: a GPU where TensorFlow finds one. `gpu`: nothing else will do. `cpu`: no GPU even where there is one. */
  readonly device: 'auto' | 'cpu' | 'gpu';
}

export type Environment = Record<string, string | undefined>;

const settings: Readonly<Record<string, string>> = {
  // Its news of instruction sets would stand between our lines of JSON. Errors do: they say why a GPU cannot be used.
  TF_CPP_MIN_LOG_LEVEL: '2',
  // Else it takes all of the GPU's memory at once, and the next run finds none.
  TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  // The same samples give the same bytes, on a GPU too; and numbers have the 24 bits there that they have elsewhere, not 11.
  TF_DETERMINISTIC_OPS: '1',
  NVIDIA_TF32_OVERRIDE: '0',
};

/**
 * Loads TF.js' native backend, which registers itself. It comes with a tfjs-core of its own, but that one keeps its engine where ours
 * does, in the global object, so what we build with our functions is computed by its kernels.
 */
export function loadAddon({ addonDir, device }: TensorflowOptions, environment: Environment): void {
  for (const [name, value] of Object.entries(settings)) environment[name] ??= value;
  if (device === 'cpu') environment['CUDA_VISIBLE_DEVICES'] = '-1';
  // TF.js calls two functions that Node 23 took away.
  Object.assign(util, { isArray: Array.isArray, isNullOrUndefined: (value: unknown) => value === null || value === undefined });
  try {
    createRequire(resolve(addonDir, 'package.json'))('@tensorflow/tfjs-node');
  } catch (cause) {
    const detail = `TensorFlow cannot be loaded from ${addonDir}: npm run tensorflow builds it and says where it is`;
    throw new FaceHashError('REQUEST_INVALID', { detail }, { cause });
  }
}

/** What the backend in use computes on. The package of the CUDA libraries says nothing of it: they fall back to the CPU. */
export function deviceInUse(): 'cpu' | 'gpu' {
  const used = backend();
  return 'isUsingGpuDevice' in used && used.isUsingGpuDevice === true ? 'gpu' : 'cpu';
}
