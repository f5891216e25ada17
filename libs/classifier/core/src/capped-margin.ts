import type { DecisionConstants } from './constants.js';
import { probit } from './probit.js';

/** Euclidean distance of two unit vectors whose cosine is given: 0 to 2. */
export function distanceOf(cosine: number): number {
  return Math.sqrt(Math.max(0, 2 - 2 * cosine));
}

/**
 * The score `u` of being a person at distance `nearest` while the next person lies at `second` (`undefined` when there is none): lower is
 * better. A runner-up inside the cap raises it, so a face between two people is neither.
 */
export function cappedMargin(nearest: number, second: number | undefined, constants: DecisionConstants): number {
  return nearest + marginOf(second, constants);
}

/** What a runner-up at distance `second` adds to the score. */
export function marginOf(second: number | undefined, { marginWeight, marginCap }: DecisionConstants): number {
  return second === undefined ? 0 : marginWeight * Math.max(0, marginCap - second);
}

export interface ThresholdOf {
  /** People enrolled. */
  readonly people: number;
  /** Photos behind the centroid of the person in question. */
  readonly photos: number;
  /** Share of strangers that may be taken for somebody: above 0, 1 accepts everyone. */
  readonly falseAcceptTarget: number;
}

/** The largest score that is accepted: mu_K + sigma * probit(target / N^exponent). Falls as people join and as the target falls. */
export function threshold({ people, photos, falseAcceptTarget }: ThresholdOf, constants: DecisionConstants): number {
  const { strangerMeans, strangerDeviation, chancesExponent } = constants;
  return strangerMean(photos, strangerMeans) + strangerDeviation * probit(falseAcceptTarget / people ** chancesExponent);
}

/** Interpolated in the logarithm of the number of photos; beyond the ends as measured there. */
function strangerMean(photos: number, means: DecisionConstants['strangerMeans']): number {
  let [lowerPhotos, lowerMean]: readonly [number, number] = [0, Number.NaN];
  for (const [upperPhotos, upperMean] of means) {
    if (photos <= upperPhotos) {
      if (lowerPhotos === 0) return upperMean;
      return lowerMean + ((upperMean - lowerMean) * Math.log(photos / lowerPhotos)) / Math.log(upperPhotos / lowerPhotos);
    }
    [lowerPhotos, lowerMean] = [upperPhotos, upperMean];
  }
  return lowerMean;
}
