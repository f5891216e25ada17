import type { Clock } from '@facehash/kernel';
import type { Metrics } from '@facehash/observability';
import type { FaceAnalyser } from '@facehash/vision-core';

/** Times every call, from its place in the queue to its answer, also of those that fail. */
export function measuredAnalyser(analyser: FaceAnalyser, metrics: Pick<Metrics, 'observeStage'>, clock: Clock): FaceAnalyser {
  const timed = async <T>(stage: string, work: () => Promise<T>): Promise<T> => {
    const began = clock.now().getTime();
    try {
      return await work();
    } finally {
      metrics.observeStage(stage, (clock.now().getTime() - began) / 1000);
    }
  };
  return {
    analyse: (image, options, signal) => timed('vision.analyse', () => analyser.analyse(image, options, signal)),
    describe: (image, landmarks, signal) => timed('vision.describe', () => analyser.describe(image, landmarks, signal)),
  };
}
