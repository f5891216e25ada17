import { z } from 'zod';
import { builtInConstants, decisionConstantsSchema, type DecisionConstants } from './constants.js';
import { LOWEST_MAX } from './stranger-scores.js';

/**
 * `decision.json` of a version: everything the decision needs beside the model, so that the threshold for any false accept
 * target is computed when it is asked for, without training.
 */
export const decisionSchema = z.strictObject({
  v: z.literal(1),
  rule: z.literal('capped-margin'),
  /** In the order of the model's outputs: the person and the number of photos behind the centroid. */
  people: z.array(z.strictObject({ id: z.string(), photos: z.int().min(1) })).min(1),
  /** What enrolled photos score when their own person is left out: see `StrangerScores`. */
  strangers: z.strictObject({ photos: z.int().min(0), lowest: z.array(z.number()).max(LOWEST_MAX) }),
  /** Of the descriptor network that the version was trained with; left out: of the built-in one. */
  constants: decisionConstantsSchema.optional(),
});
export type Decision = z.output<typeof decisionSchema>;

export function constantsOf({ constants }: Pick<Decision, 'constants'>): DecisionConstants {
  return constants ?? builtInConstants;
}
