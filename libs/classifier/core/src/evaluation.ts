import { z } from 'zod';
import { cappedMargin, distanceOf } from './capped-margin.js';
import type { DecisionConstants } from './constants.js';
import { centroidsOf, dot, nearestOthers, ownWithoutFold } from './centroids.js';
import type { TrainingSample } from './ports.js';
import { acceptLimit, strangerScoresOf, type StrangerScores } from './stranger-scores.js';

type Described = Pick<TrainingSample, 'personId' | 'photo' | 'descriptor'>;

/** How the imprinted layer answers for an enrolled photo when its own person is known from photos of other folds only. */
export interface OutOfFoldResult {
  readonly photo: string;
  readonly personId: string;
  /** The right person was the nearest. */
  readonly correct: boolean;
  /** Capped-margin score against the right person; lower is closer. */
  readonly score: number;
  /** The same against the others alone, as if the person were not enrolled; null when there are no others. */
  readonly strangerScore: number | null;
  /** Photos behind the right person's centroid, without the fold. */
  readonly photosBehind: number;
}

/**
 * Judges every photo whose person has photos in another fold, one at a time: a caller with many photos pauses between them.
 * Only the person's own centroid needs the fold left out, since nobody else's holds the photo; so rivals have their full strength.
 * Work per photo: people x length of the descriptor multiplications.
 */
export function* outOfFold(samples: readonly Described[], constants: DecisionConstants): Generator<OutOfFoldResult, void, undefined> {
  const centroids = centroidsOf(samples);
  const ownOf = ownWithoutFold(samples);
  for (const sample of samples) {
    const own = ownOf(sample);
    if (own.photos === 0) continue;
    const descriptor = Float64Array.from(sample.descriptor);
    const [nearest, second] = nearestOthers(sample.personId, descriptor, centroids);
    const distance = distanceOf(dot(descriptor, own.direction));
    yield {
      photo: sample.photo,
      personId: sample.personId,
      correct: distance < (nearest ?? Number.POSITIVE_INFINITY),
      score: rounded(cappedMargin(distance, nearest, constants)),
      strangerScore: nearest === undefined ? null : rounded(cappedMargin(nearest, second, constants)),
      photosBehind: own.photos,
    };
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
  readonly strangers: StrangerScores;
}

export function summaryOf(
  results: readonly OutOfFoldResult[],
  { constants, ...gallery }: { readonly people: number; readonly falseAcceptTarget: number; readonly constants: DecisionConstants },
): EvaluationSummary {
  const strangers = strangerScoresOf(results.flatMap((r) => r.strangerScore ?? []));
  const share = (count: number) => (results.length > 0 ? count / results.length : null);
  const limitOf = ({ photosBehind }: OutOfFoldResult) => acceptLimit({ ...gallery, photos: photosBehind }, strangers, constants);
  const accepted = results.filter((r) => r.correct && r.score <= limitOf(r));
  return {
    probes: results.length,
    rank1: share(results.filter((r) => r.correct).length),
    knownAcceptRate: share(accepted.length),
    strangers,
  };
}
