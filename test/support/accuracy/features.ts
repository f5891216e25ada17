import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { silentLogger, systemClock, systemRandom } from '@facehash/kernel';
import { PIPELINE_ID, portrait, ratios } from '@facehash/vision-core';
import type { OwnPipeline } from '@facehash/vision-pipelines';
import { openVisionWorkers } from '@facehash/vision-workers';
import { eachAtOnce } from './gallery.js';

const program = join(dirname(createRequire(import.meta.url).resolve('@facehash/vision-worker/package.json')), 'dist/main.js');

export interface Features {
  readonly descriptor: Float32Array;
  readonly ratios: Float32Array;
}

/** What the built-in pipeline, or the user's own, makes of each photo; none for a photo without a face. */
export async function featuresOf(paths: readonly string[], own?: OwnPipeline): Promise<ReadonlyMap<string, Features>> {
  const processes = availableParallelism();
  const workers = await openVisionWorkers({
    program,
    env: {
      FACEHASH_NETWORKS_DIR: process.env['FACEHASH_NETWORKS_DIR'] ?? '',
      ...(own ? { FACEHASH_DESCRIPTOR: own.path } : {}),
    },
    processes,
    queue: { waitingMax: { recognition: 100, enrolment: 0 }, waitMaxMs: { recognition: 600_000, enrolment: 0 } },
    imageTimeoutMs: 60_000,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  });
  const features = new Map<string, Features>();
  try {
    await eachAtOnce(2 * processes, paths, async (path) => {
      const analysis = await workers.analyse(await readFile(path), { ...portrait, descriptors: own?.id ?? PIPELINE_ID });
      const [face] = analysis.readable ? analysis.faces : [];
      if (face?.descriptor) features.set(path, { descriptor: face.descriptor, ratios: ratios(face.landmarks) });
    });
  } finally {
    await workers.close();
  }
  return features;
}
