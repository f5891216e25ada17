import { z } from 'zod';

const distance = z.number('must be a number').min(0).max(2);

/**
 * What the decision rule "capped margin" knows of one descriptor network: how far strangers lie from a person, how much that varies, and when a
 * runner-up is near. Distances are those of unit vectors, 0 to 2. `npm run bench -- constants` fits them to photos.
 */
export const decisionConstantsSchema = z.strictObject({
  /** Mean score of a stranger against one person, by the number of photos behind the centroid: more photos, a nearer centroid for everyone. */
  strangerMeans: z
    .array(z.tuple([z.int().min(1), distance]))
    .min(1)
    .max(20)
    .refine((means) => means.every(([photos], i) => i === 0 || photos > (means[i - 1]?.[0] ?? 0)), 'must have rising numbers of photos'),
  /** Standard deviation of a stranger's score. */
  strangerDeviation: z.number('must be a number').positive().max(1),
  /** N people give a stranger N to this power independent chances: below 1, as faces that resemble one person resemble others. */
  chancesExponent: z.number('must be a number').min(0).max(2),
  /** Weight of a runner-up that is near, and the distance from which on it does not matter. */
  marginWeight: z.number('must be a number').min(0).max(2),
  marginCap: distance,
  /** How far a version's own photos may tighten the limit. */
  tightenedMax: z.number('must be a number').min(0).max(1),
});
export type DecisionConstants = z.output<typeof decisionConstantsSchema>;

/**
 * Of the built-in pipeline p1 (dlib's network, mean of chip and mirror image), fitted by this project on Labeled Faces in the Wild (Huang et
 * al., 2007): 82 people with 10 to 30 photos each, and strangers of the same collection; distances to centroids, which are the normalised means
 * of a person's unit descriptors. On people and strangers that were held out of the fit, 1.06, 1.12, 1.02, 1.07 and 0.66 % of strangers were
 * accepted at a target of 1 % with 1, 2, 5, 20 and 76 people enrolled. They hold for frontal photos of adults, galleries up to about that size,
 * and a layer that is imprinted and not trained further.
 */
export const builtInConstants: DecisionConstants = {
  strangerMeans: [
    [1, 0.5583],
    [2, 0.5422],
    [3, 0.5372],
    [5, 0.5332],
    [10, 0.5302],
  ],
  strangerDeviation: 0.0599,
  chancesExponent: 0.868,
  marginWeight: 0.4,
  marginCap: 0.4,
  // Half a deviation: two records of one person score like strangers who pass, and must not cost everybody else their name.
  tightenedMax: 0.03,
};
