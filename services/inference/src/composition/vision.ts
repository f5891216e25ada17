import { FaceHashError, type Clock, type Closer, type Logger, type Random } from '@facehash/kernel';
import { openVisionWorkers, type VisionJob, type VisionWorkers } from '@facehash/vision-workers';
import type { InferenceConfig } from '../config.js';
import { CannotStart } from './cannot-start.js';

/** Many times what the largest image takes on a busy machine: a worker that is not done by then hangs. */
const IMAGE_TIMEOUT_MS = 30_000;
/** A photo that is enrolled is asked about again when it waited in vain, so this only bounds how long it lies in memory. */
const ENROLMENT_WAIT_MAX_MS = 25_000;
/** Photos of one `/train` that are worked on at once, for each vision process: one at work and one that is ready for it. */
const PHOTOS_IN_FLIGHT_PER_PROCESS = 2;

export interface VisionContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly onJob: (job: VisionJob) => void;
}

/** Vision in processes of its own: hostile bytes are decoded there, and a CPU each computes there. */
export async function openVision(config: InferenceConfig, context: VisionContext, closer: Closer): Promise<VisionWorkers> {
  const { vision, visionWorker, networksDir, childEnvironment } = config;
  const { rssBytesMax, jobsMax } = vision;
  const workers = await openVisionWorkers({
    program: visionWorker,
    // A worker looks at one picture at a time, with one thread; the decoder runs in libuv's pool.
    env: { ...childEnvironment, FACEHASH_NETWORKS_DIR: networksDir, UV_THREADPOOL_SIZE: '1', ...ownDescriptors(config) },
    processes: vision.processes,
    queue: {
      waitingMax: { recognition: vision.queueMax, enrolment: photosInFlightOf(config) },
      waitMaxMs: { recognition: vision.queueWaitMaxMs, enrolment: ENROLMENT_WAIT_MAX_MS },
    },
    rssBytesMax,
    ...(jobsMax === undefined ? {} : { jobsMax }),
    imageTimeoutMs: IMAGE_TIMEOUT_MS,
    ...context,
  }).catch((error: unknown) => {
    throw explained(error);
  });
  closer.defer('vision workers', () => workers.close());
  return workers;
}

export function photosInFlightOf({ vision }: Pick<InferenceConfig, 'vision'>): number {
  return PHOTOS_IN_FLIGHT_PER_PROCESS * vision.processes;
}

/** A network that does not fit is the user's to mend, so it is told as a sentence. */
function explained(error: unknown): unknown {
  const why = error instanceof FaceHashError ? error.details['why'] : undefined;
  return typeof why === 'string' ? new CannotStart(`The vision workers cannot start: ${why}.`, { cause: error }) : error;
}

/** A worker reads the descriptions by itself. */
function ownDescriptors({ descriptor, previousDescriptor }: InferenceConfig): Readonly<Record<string, string>> {
  return {
    ...(descriptor ? { FACEHASH_DESCRIPTOR: descriptor.path } : {}),
    ...(previousDescriptor ? { FACEHASH_DESCRIPTOR_PREVIOUS: previousDescriptor.path } : {}),
  };
}
