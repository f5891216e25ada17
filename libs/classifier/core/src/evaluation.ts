import { z } from 'zod';
import { cappedMargin, distanceOf, threshold } from './capped-margin.js';
import { centroidsOf, dot, ownWithoutFold } from './centroids.js';
import type { TrainingSample } from './ports.js';

type Described = Pick<TrainingSample, 'personId' | 'photo' | 'descriptor'>;

/** How the imprinted layer answers for an enrolled photo when its own person is known from photos of other folds only. */
export interface OutOfFoldResult {
  readonly photo: string;
  readonly personId: string;
  /** The right person was the nearest. */
  readonly correct: boolean;
  /** Capped-margin score against the right person; lower is closer. */
  readonly score: number;
  /** Photos behind the right person's centroid, without the fold. */
  readonly photosBehind: number;
}

/**
 * Judges every photo whose person has photos in another fold, one at a time: a caller with many photos pauses between them.
 * Only the person's own centroid needs the fold left out, since nobody else's holds the photo; so rivals have their full strength.
 * Work per photo: people x 128 multiplications.
 */
export function* outOfFold(samples: readonly Described[]): Generator<OutOfFoldResult, void, undefined> {
  const centroids = centroidsOf(samples);
  const ownOf = ownWithoutFold(samples);
  for (const sample of samples) {
    const own = ownOf(sample);
    if (own.photos === 0) continue;
    const descriptor = Float64Array.from(sample.descriptor);
    const nearestOther = centroids.reduce(
      (best, { personId, direction }) => (personId === sample.personId ? best : Math.max(best, dot(descriptor, direction))),
      Number.NEGATIVE_INFINITY,
    );
    const cosine = dot(descriptor, own.direction);
    const second = centroids.length > 1 ? distanceOf(nearestOther) : undefined;
    const score = rounded(cappedMargin(distanceOf(cosine), second));
    yield { photo: sample.photo, personId: sample.personId, correct: cosine > nearestOther, score, photosBehind: own.photos };
  }
}

/** Six decimals: below what a score means, and above what two machines differ by. */
function rounded(score: number): number {
  return Math.round(score * 1e6) / 1e6;
}

/** `evaluation.json` of a version: its out-of-fold result of each photo that could be judged, for the comparison with the next version. */
export const evaluationSchema = z.strictObject({
  v: z.literal(1),
  /** By SHA-256 of the photo. */
  photos: z.record(z.string(), z.strictObject({ correct: z.boolean(), score: z.number() })),
});
export type Evaluation = z.output<typeof evaluationSchema>;

export function evaluationOf(results: readonly OutOfFoldResult[]): Evaluation {
  return { v: 1, photos: Object.fromEntries(results.map(({ photo, correct, score }) => [photo, { correct, score }])) };
}

export interface EvaluationSummary {
  /** Photos that could be judged. */
  readonly probes: number;
  /** Share of them whose person was the nearest; null without any. */
  readonly rank1: number | null;
  /** Share of them that would have been named rightly at the false accept target; null without any. */
  readonly knownAcceptRate: number | null;
  readonly genuineScores: readonly number[];
}

export function summaryOf(
  results: readonly OutOfFoldResult[],
  gallery: { readonly people: number; readonly falseAcceptTarget: number },
): EvaluationSummary {
  const share = (count: number) => (results.length > 0 ? count / results.length : null);
  return {
    probes: results.length,
    rank1: share(results.filter((r) => r.correct).length),
    knownAcceptRate: share(results.filter((r) => r.correct && r.score <= threshold({ ...gallery, photos: r.photosBehind })).length),
    genuineScores: results.map((r) => r.score).sort((a, b) => a - b),
  };
}
