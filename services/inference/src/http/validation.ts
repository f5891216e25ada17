import type { z } from 'zod';
import type { Fault } from './failure.js';
import { invalid } from './failure.js';

/** The value as its schema gives it. Throws REQUEST_INVALID with the path of every fault. */
export function parsed<T>(schema: z.ZodType<T>, value: unknown, at = ''): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(...result.error.issues.flatMap((issue) => faultsOf(issue, at)));
}

/** An unknown field is a fault of its own, at its own path. */
function faultsOf(issue: z.core.$ZodIssue, at: string): readonly Fault[] {
  const path = [...(at === '' ? [] : [at]), ...issue.path.map(String)];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not known here' }));
  return [{ path: path.join('.'), message: issue.message }];
}
