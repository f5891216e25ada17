import type { ModelBackend } from '@facehash/classifier-core';
import { openTensorflowBackend, openTfjsBackend } from '@facehash/classifier-tfjs';
import type { Logger } from '@facehash/kernel';
import type { BackendChoice } from './config.js';

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
