import { z } from 'zod';
import type { Failure } from './failure.js';

/** RFC 9457, with our code, the request's id and, for REQUEST_INVALID, every fault. */
export const problemSchema = z.strictObject({
  type: z.string().meta({ description: 'Names the kind of problem: `urn:facehash:problem:` and the code.' }),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string().optional(),
  requestId: z.string().meta({ description: 'Also in the header x-request-id, and in the log.' }),
  errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.output<typeof problemSchema>;

export function problemOf(failure: Failure, requestId: string): Problem {
  return {
    type: `urn:facehash:problem:${failure.code}`,
    title: failure.title,
    status: failure.status,
    code: failure.code,
    ...(failure.detail === undefined ? {} : { detail: failure.detail }),
    requestId,
    ...(failure.faults.length === 0 ? {} : { errors: [...failure.faults] }),
  };
}
