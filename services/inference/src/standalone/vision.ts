import type { Clock, Closer, Logger, Random } from '@facehash/kernel';
import { openVisionWorkers, type VisionWorkers } from '@facehash/vision-workers';
import type { InferenceConfig } from '../config.js';

/** Many times what the largest image takes on a busy machine: a worker that is not done by then hangs. */
const IMAGE_TIMEOUT_MS = 30_000;

/** Vision in processes of its own: hostile bytes are decoded there, and a CPU each computes there. */
export async function openVision(
  { vision, visionWorker, networksDir, childEnvironment }: InferenceConfig,
  context: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
  closer: Closer,
): Promise<VisionWorkers> {
  const workers = await openVisionWorkers({
    program: visionWorker,
    env: { ...childEnvironment, FACEHASH_NETWORKS_DIR: networksDir },
    processes: vision.processes,
    queueMax: vision.queueMax,
    imageTimeoutMs: IMAGE_TIMEOUT_MS,
    ...context,
  });
  closer.defer('vision workers', () => workers.close());
  return workers;
}
