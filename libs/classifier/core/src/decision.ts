import { z } from 'zod';

/**
 * `decision.json` of a version: everything the decision needs beside the model, so that the threshold for any false accept
 * target is computed when it is asked for, without training.
 */
export const decisionSchema = z.strictObject({
  v: z.literal(1),
  rule: z.literal('capped-margin'),
  /** In the order of the model's outputs: the person and the number of photos behind the centroid. */
  people: z.array(z.strictObject({ id: z.string(), photos: z.int().min(1) })).min(1),
  /** Out-of-fold scores `u` (see `score`) of enrolled photos against the right person; lower is closer. */
  genuineScores: z.array(z.number()),
});
export type Decision = z.output<typeof decisionSchema>;
