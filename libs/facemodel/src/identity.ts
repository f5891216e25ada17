import { z } from 'zod';
import type { Rule } from './rules.js';

const NAME_LENGTH_MAX = 40;
const label = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

/** Of the manifest's `metadata.name`, about which a resource definition can say nothing but by rules on the whole resource. */
export const nameRules: readonly Rule<string>[] = [
  {
    field: 'metadata.name',
    message: `must have at most ${NAME_LENGTH_MAX} characters, so that the names of Jobs and Services made from it still fit`,
    holds: (name) => name.length <= NAME_LENGTH_MAX,
    cel: `self.metadata.name.size() <= ${NAME_LENGTH_MAX}`,
  },
  {
    field: 'metadata.name',
    message: 'must be a DNS label: lower-case letters, digits and hyphens, not at either end',
    holds: (name) => new RegExp(label).test(name),
    cel: `self.metadata.name.matches('${label}')`,
  },
];

export const modelName = z.string().superRefine((name, context) => {
  for (const { message, holds } of nameRules) if (!holds(name)) context.addIssue({ code: 'custom', message });
});

export const secretName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be a DNS subdomain');

export const storageId = z
  .string()
  .min(8)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and hyphens');
