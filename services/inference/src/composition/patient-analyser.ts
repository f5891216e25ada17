import { backoffMs, hasCode, Limiter, type Clock, type Random } from '@facehash/kernel';
import type { FaceAnalyser } from '@facehash/vision-core';

const PAUSE = { firstMs: 50, maxMs: 1000 };
/** About half a minute in all. */
const ATTEMPTS_MAX = 60;

/**
 * For enrolment: a full queue is waited for instead of refused. The caller reads on only when a photo is done, so waiting slows the client down
 * and piles nothing up, whereas refusing would throw away a body of hundreds of photos for the sake of one. All enrolment together has at most
 * `atOnce` photos at the workers or in their queue, however many calls there are.
 */
export function patientAnalyser(
  analyser: FaceAnalyser,
  { clock, random, atOnce }: { readonly clock: Clock; readonly random: Random; readonly atOnce: number },
): FaceAnalyser {
  const limiter = new Limiter(atOnce);
  const patiently = async <T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await limiter.run(work);
      } catch (error) {
        if (!hasCode(error, 'OVERLOADED') || attempt + 1 >= ATTEMPTS_MAX) throw error;
        await clock.sleep(backoffMs(attempt, PAUSE, random), signal);
      }
    }
  };
  return {
    analyse: (image, options, signal) => patiently(() => analyser.analyse(image, options, signal), signal),
    describe: (image, landmarks, pipeline, signal) => patiently(() => analyser.describe(image, landmarks, pipeline, signal), signal),
  };
}
