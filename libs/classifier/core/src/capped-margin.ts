import { probit } from './probit.js';

/*
 * The decision rule "capped margin" and its constants, fitted by this project on Labeled Faces in the Wild (Huang et al., 2007): 82 people
 * with 10 to 30 photos each, and strangers of the same collection; descriptors of pipeline p1 (dlib's network, mean of chip and mirror
 * image); distances to centroids, which are the normalised means of a person's unit descriptors. On people and strangers that were held out
 * of the fit, 1.06, 1.12, 1.02, 1.07 and 0.66 % of strangers were accepted at a target of 1 % with 1, 2, 5, 20 and 76 people enrolled. The
 * constants hold for frontal photos of adults, galleries up to about that size, and a layer that is imprinted and not trained further.
 */

/** Weight of a runner-up that is near, and the distance from which on it does not matter. */
const MARGIN_WEIGHT = 0.4;
const MARGIN_CAP = 0.4;

/** Mean score of a stranger against one person, by the number of photos behind the centroid: more photos, a nearer centroid for everyone. */
const STRANGER_MEAN: readonly (readonly [photos: number, mean: number])[] = [
  [1, 0.5583],
  [2, 0.5422],
  [3, 0.5372],
  [5, 0.5332],
  [10, 0.5302],
];

/** Standard deviation of a stranger's score. */
const STRANGER_DEVIATION = 0.0599;

/** N people give a stranger N^0.868 independent chances: below 1, as faces that resemble one person resemble others. */
const CHANCES_EXPONENT = 0.868;

/** Euclidean distance of two unit vectors whose cosine is given: 0 to 2. */
export function distanceOf(cosine: number): number {
  return Math.sqrt(Math.max(0, 2 - 2 * cosine));
}

/**
 * The score `u` of being a person at distance `nearest` while the next person lies at `second` (`undefined` when there is none): lower is
 * better. A runner-up inside the cap raises it, so a face between two people is neither.
 */
export function cappedMargin(nearest: number, second: number | undefined): number {
  return second === undefined ? nearest : nearest + MARGIN_WEIGHT * Math.max(0, MARGIN_CAP - second);
}

export interface ThresholdOf {
  /** People enrolled. */
  readonly people: number;
  /** Photos behind the centroid of the person in question. */
  readonly photos: number;
  /** Share of strangers that may be taken for somebody: above 0, 1 accepts everyone. */
  readonly falseAcceptTarget: number;
}

/** The largest score that is accepted: mu_K + sigma * probit(target / N^0.868). Falls as people join, as the target falls and as photos are added. */
export function threshold({ people, photos, falseAcceptTarget }: ThresholdOf): number {
  return strangerMean(photos) + STRANGER_DEVIATION * probit(falseAcceptTarget / people ** CHANCES_EXPONENT);
}

/** Interpolated in the logarithm of the number of photos; beyond the ends as measured there. */
function strangerMean(photos: number): number {
  let [lowerPhotos, lowerMean]: readonly [number, number] = [0, Number.NaN];
  for (const [upperPhotos, upperMean] of STRANGER_MEAN) {
    if (photos <= upperPhotos) {
      if (lowerPhotos === 0) return upperMean;
      return lowerMean + ((upperMean - lowerMean) * Math.log(photos / lowerPhotos)) / Math.log(upperPhotos / lowerPhotos);
    }
    [lowerPhotos, lowerMean] = [upperPhotos, upperMean];
  }
  return lowerMean;
}
