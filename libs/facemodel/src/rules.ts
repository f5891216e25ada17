import type { z } from 'zod';

/**
 * What fields owe each other, said twice in one place: `holds` for whoever parses a manifest, `cel` for the API server. A manifest that one
 * of them refuses, the other refuses too: `test/operator` tries each rule on both.
 */
export interface Rule<T> {
  /** Dotted path of the field that is to blame, below the object that the rule is about. */
  readonly field: string;
  /** Follows the field's name: "must …", "needs …". */
  readonly message: string;
  /** On values with defaults filled in. */
  readonly holds: (value: T) => boolean;
  /** `self` is the object, with defaults filled in; a field that is null counts as absent. */
  readonly cel: string;
}

/** The key under which a rule travels through JSON Schema into the resource definition. */
export const CEL_RULES = 'x-kubernetes-validations';

/** The schema with the rules. Comes before `prefault` and the description, which would not know of what is added after them. */
export function withRules<T extends z.ZodType>(schema: T, rules: readonly Rule<z.output<T>>[]): T {
  const checked = schema.superRefine((value, context) => {
    for (const { field, message, holds } of rules) {
      if (!holds(value)) context.addIssue({ code: 'custom', path: field.split('.'), message });
    }
  });
  return checked.meta({ [CEL_RULES]: rules.map(celRule) });
}

/** As a resource definition writes it. */
export function celRule({ field, message, cel }: Pick<Rule<never>, 'field' | 'message' | 'cel'>): CelRule {
  return { rule: cel, message, fieldPath: `.${field}` };
}

export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath: string;
}
