import type { RunSpec } from '@facehash/artifacts';
import type { ModelBackend } from '@facehash/classifier-core';
import { openTensorflowBackend, openTfjsBackend } from '@facehash/classifier-tfjs';
import { FaceHashError, type Logger } from '@facehash/kernel';
import type { BackendChoice } from './config.js';

type Accelerator = RunSpec['accelerator'];

/** @param environment the process' own, from which TensorFlow takes its settings */
export async function openBackend(
  choice: BackendChoice,
  environment: Record<string, string | undefined>,
  logger: Logger,
): Promise<ModelBackend> {
  if (choice.name !== 'tensorflow') return openTfjsBackend(choice.name);
  const backend = await openTensorflowBackend(choice, environment);
  logger.info('native TensorFlow is loaded', { device: backend.device });
  return backend;
}

/**
 * What a run computes on. The machine's admin says which library there is and may forbid its GPU or demand it for every run; within
 * that the FaceModel asks. Throws GPU_UNAVAILABLE where the FaceModel demands a GPU and the configuration rules it out.
 */
export function backendFor(configured: BackendChoice, accelerator: Accelerator): BackendChoice {
  const demanded = accelerator?.onUnavailable === 'Wait';
  const ruledOut = gpuRuledOut(configured);
  if (demanded && ruledOut !== undefined) throw new FaceHashError('GPU_UNAVAILABLE', { detail: ruledOut });
  if (configured.name !== 'tensorflow' || configured.device !== 'auto') return configured;
  if (demanded) return { ...configured, device: 'gpu' };
  return accelerator ? configured : { ...configured, device: 'cpu' };
}

function gpuRuledOut(configured: BackendChoice): string | undefined {
  if (configured.name !== 'tensorflow')
    return `this trainer computes on ${configured.name}; FACEHASH_TFJS_BACKEND=tensorflow can use a GPU`;
  return configured.device === 'cpu' ? 'FACEHASH_TENSORFLOW_DEVICE=cpu forbids it here' : undefined;
}
