import { cappedMargin, distanceOf } from './capped-margin.js';
import { constantsOf, type Decision } from './decision.js';
import { acceptLimit } from './stranger-scores.js';
import type { Prediction } from './ports.js';

export interface Candidate {
  readonly personId: string;
  /** Cosine to the person's imprinted centroid, -1 to 1. */
  readonly similarity: number;
  /** Softmax over people, 0 to 1. */
  readonly probability: number;
}

export interface Verdict {
  /** Null: a stranger. */
  readonly found: Candidate | null;
  /** Everyone, nearest first; never empty. */
  readonly candidates: readonly Candidate[];
  /** Of the nearest person, lower is better: found when it is not above the threshold. */
  readonly score: number;
  readonly threshold: number;
}

/**
 * Who a face is, or nobody: the nearest person, if the capped-margin score keeps the share of accepted strangers at the target.
 * Masking erased people is the caller's matter: one that is found means unknown, never the runner-up.
 */
export function decide(prediction: Prediction, decision: Decision, falseAcceptTarget: number): Verdict {
  const ranked = decision.people
    .map(({ id, photos }, i) => ({
      photos,
      candidate: {
        personId: id,
        similarity: prediction.similarities[i] ?? Number.NaN,
        probability: prediction.probabilities[i] ?? Number.NaN,
      },
    }))
    .sort((a, b) => b.candidate.similarity - a.candidate.similarity);
  const [nearest, second] = ranked;
  if (!nearest) return { found: null, candidates: [], score: Number.POSITIVE_INFINITY, threshold: Number.NEGATIVE_INFINITY };
  const constants = constantsOf(decision);
  const score = cappedMargin(distanceOf(nearest.candidate.similarity), second && distanceOf(second.candidate.similarity), constants);
  const limit = acceptLimit({ people: ranked.length, photos: nearest.photos, falseAcceptTarget }, decision.strangers, constants);
  return { found: score <= limit ? nearest.candidate : null, candidates: ranked.map((r) => r.candidate), score, threshold: limit };
}
