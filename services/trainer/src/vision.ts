import { systemClock, systemRandom, type Logger } from '@facehash/kernel';
import { openVisionWorkers } from '@facehash/vision-workers';
import type { TrainerConfig } from './config.js';
import type { OpenedAnalyser } from './lazy-analyser.js';

const IMAGE_TIMEOUT_MS = 60_000;

export function openVision(config: TrainerConfig, logger: Logger): Promise<OpenedAnalyser> {
  return openVisionWorkers({
    program: config.visionWorker,
    env: { ...config.childEnvironment, FACEHASH_NETWORKS_DIR: config.networksDir },
    processes: config.visionProcesses,
    // A run has a bounded number of photos in flight, so this is never reached.
    queueMax: 1024,
    imageTimeoutMs: IMAGE_TIMEOUT_MS,
    clock: systemClock,
    random: systemRandom,
    logger,
  });
}
