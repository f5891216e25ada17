import { systemClock, systemRandom, type Logger } from '@facehash/kernel';
import { openVisionWorkers } from '@facehash/vision-workers';
import type { TrainerConfig } from './config.js';
import type { OpenedAnalyser } from './lazy-analyser.js';

const IMAGE_TIMEOUT_MS = 60_000;
/** A run has a bounded number of photos in flight, a few for each worker, and a deadline of its own: neither of these is ever reached. */
const WAITING_MAX = 1024;
const WAIT_MAX_MS = 24 * 60 * 60_000;
const MIB = 1024 ** 2;
/** As in the server. */
const RSS_BYTES_MAX = 512 * MIB;

export function openVision(config: TrainerConfig, logger: Logger): Promise<OpenedAnalyser> {
  return openVisionWorkers({
    program: config.visionWorker,
    // A worker looks at one picture at a time, with one thread; the decoder runs in libuv's pool.
    env: {
      ...config.childEnvironment,
      FACEHASH_NETWORKS_DIR: config.networksDir,
      UV_THREADPOOL_SIZE: '1',
      ...(config.descriptor === undefined ? {} : { FACEHASH_DESCRIPTOR: config.descriptor }),
    },
    processes: config.visionProcesses,
    queue: {
      waitingMax: { recognition: WAITING_MAX, enrolment: WAITING_MAX },
      waitMaxMs: { recognition: WAIT_MAX_MS, enrolment: WAIT_MAX_MS },
    },
    rssBytesMax: RSS_BYTES_MAX,
    imageTimeoutMs: IMAGE_TIMEOUT_MS,
    clock: systemClock,
    random: systemRandom,
    logger,
  });
}
