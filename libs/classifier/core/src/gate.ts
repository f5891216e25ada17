import { threshold } from './capped-margin.js';
import type { DecisionConstants } from './constants.js';
import type { Evaluation, OutOfFoldResult } from './evaluation.js';

/** One-sided error that a version which is as good as the active one is refused. */
const SIGNIFICANCE = 0.05;

export interface GateFinding {
  readonly verdict: 'Passed' | 'Refused' | 'NotApplicable';
  /** For the model's owner. */
  readonly message: string;
}

/** What became of the photos that both versions were judged on, each left out of its own person's centroid. */
export interface PairedComparison {
  readonly photos: number;
  /** Recognised by the active version and not by the new one, and the other way round. */
  readonly lost: number;
  readonly gained: number;
}

/** The version that answers, as it was judged. */
export interface ActiveVersion {
  readonly evaluation: Evaluation;
  /** It may be of another descriptor network, whose distances are others. */
  readonly constants: DecisionConstants;
}

/**
 * Compares photo by photo. A photo is recognised when its person is the nearest and its score passes the threshold of the new gallery in
 * both versions: a gallery that grew tightens the threshold, which is no fault of the new version.
 *
 * @param candidate the new version's results among the people whom both versions know: newcomers are judged apart, since whoever joins
 *   makes everybody a little harder to tell, and a large model could never grow past this test otherwise.
 */
export function comparePaired(
  active: ActiveVersion,
  candidate: readonly OutOfFoldResult[],
  { constants, ...gallery }: { readonly people: number; readonly falseAcceptTarget: number; readonly constants: DecisionConstants },
): PairedComparison {
  const pairs = candidate.flatMap((after) => {
    const before = active.evaluation.photos[after.photo];
    if (!before) return [];
    const recognised = ({ correct, score }: { readonly correct: boolean; readonly score: number }, by: DecisionConstants) =>
      correct && score <= threshold({ ...gallery, photos: after.photosBehind }, by);
    return [{ before: recognised(before, active.constants), after: recognised(after, constants) }];
  });
  return {
    photos: pairs.length,
    lost: pairs.filter((p) => p.before && !p.after).length,
    gained: pairs.filter((p) => !p.before && p.after).length,
  };
}

/** Refuses what is significantly worse and nothing else. */
export function judge(comparison: PairedComparison): GateFinding {
  const { photos, lost, gained } = comparison;
  if (photos === 0) return { verdict: 'NotApplicable', message: 'the new version and the active one have no tested photo in common' };
  const chance = signTest(lost, gained);
  const told = `of ${photos} enrolled photos that both versions were tested with, the new one loses ${lost} and gains ${gained}`;
  if (chance >= SIGNIFICANCE) return { verdict: 'Passed', message: `${told}: not worse than chance explains` };
  const message = `${told}: significantly worse than the active version (p = ${chance.toPrecision(2)}). Look for photos of the wrong person among the newest ones`;
  return { verdict: 'Refused', message };
}

/**
 * The probability that at least `lost` of `lost + gained` changes are losses when a change is as likely either way: the exact one-sided
 * sign test on discordant pairs. Source: Q. McNemar, Psychometrika 12 (1947); exact form by the binomial distribution.
 */
export function signTest(lost: number, gained: number): number {
  const changes = lost + gained;
  let logTerm = -changes * Math.LN2;
  let tail = 0;
  for (let k = changes; k >= lost; k--) {
    tail += Math.exp(logTerm);
    logTerm += Math.log(k) - Math.log(changes - k + 1);
  }
  return Math.min(1, tail);
}
