import { distanceOf, marginOf, threshold } from './capped-margin.js';
import type { DecisionConstants } from './constants.js';
import { constantsOf, type Decision } from './decision.js';
import type { Prediction } from './ports.js';
import { acceptLimit } from './stranger-scores.js';

/** Whether two faces, or a face and a person, are the same. Both numbers are cosines of descriptors, -1 to 1. */
export interface Verification {
  /** `similarity` is not below `threshold`. */
  readonly same: boolean;
  readonly similarity: number;
  readonly threshold: number;
}

/**
 * Whether a face is this person's by the version's own rule: the same exactly when `decide` would find them. The threshold is what the person's
 * cosine must reach beside the nearest of the others, so it moves with the face. Undefined when the version does not know the person.
 */
export function verifyPerson(
  prediction: Prediction,
  decision: Decision,
  claim: { readonly personId: string; readonly falseAcceptTarget: number },
): Verification | undefined {
  const index = decision.people.findIndex(({ id }) => id === claim.personId);
  const person = decision.people[index];
  const similarity = prediction.similarities[index];
  if (!person || similarity === undefined) return undefined;
  const others = prediction.similarities.filter((_, i) => i !== index);
  const rival = others.length > 0 ? others.reduce((a, b) => Math.max(a, b)) : undefined;
  const second = rival === undefined ? undefined : distanceOf(rival);
  const { falseAcceptTarget } = claim;
  const constants = constantsOf(decision);
  const limit = acceptLimit({ people: decision.people.length, photos: person.photos, falseAcceptTarget }, decision.strangers, constants);
  return judged(similarity, Math.max(cosineOf(limit - marginOf(second, constants)), rival ?? -1));
}

/** Whether two unit descriptors are one face's: by the threshold of a gallery of one person with one photo, which the other photo is asked of. */
export function verifyPair(
  a: Float32Array,
  b: Float32Array,
  { falseAcceptTarget, constants }: { readonly falseAcceptTarget: number; readonly constants: DecisionConstants },
): Verification {
  const similarity = a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  return judged(similarity, cosineOf(threshold({ people: 1, photos: 1, falseAcceptTarget }, constants)));
}

function judged(similarity: number, limit: number): Verification {
  return { same: similarity >= limit, similarity, threshold: limit };
}

/** The inverse of `distanceOf`. Below 0: no face is that near. */
function cosineOf(distance: number): number {
  return distance < 0 ? 1 : 1 - distance ** 2 / 2;
}
