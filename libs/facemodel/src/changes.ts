import type { FaceModelSpec, Problem } from './schema.js';
import type { Rule } from './rules.js';

/** What a change of the spec owes to the spec before. `oldSelf` is that one. */
export interface ChangeRule extends Pick<Rule<never>, 'field' | 'message' | 'cel'> {
  readonly holds: (before: FaceModelSpec, after: FaceModelSpec) => boolean;
}

export const changeRules: readonly ChangeRule[] = [
  {
    field: 'storageId',
    message: 'is immutable: everything of the model is stored under it',
    holds: (before, after) => before.storageId === after.storageId,
    cel: 'has(self.storageId) == has(oldSelf.storageId) && (!has(self.storageId) || self.storageId == oldSelf.storageId)',
  },
];

/** What the API server refuses by the same rules; for whoever keeps FaceModels without one. */
export function changeProblems(before: FaceModelSpec, after: FaceModelSpec): readonly Problem[] {
  const broken = changeRules.filter(({ holds }) => !holds(before, after));
  return broken.map(({ field, message }) => ({ path: `spec.${field}`, message }));
}
