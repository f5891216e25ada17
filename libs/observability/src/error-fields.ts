import { FaceHashError } from '@facehash/kernel';

/** A chain of causes ends here, so that one which bites its own tail does too. */
const CAUSES_MAX = 5;

/** What a log line says of whatever was thrown: the code and details of our own errors, the stack of the first, every cause. */
export function errorFields(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return thrown;
  return {
    type: thrown.name,
    message: thrown.message,
    ...(thrown instanceof FaceHashError ? { code: thrown.code, details: thrown.details } : codeOf(thrown)),
    ...(thrown.cause === undefined || depth >= CAUSES_MAX ? {} : { cause: errorFields(thrown.cause, depth + 1) }),
    ...(thrown instanceof AggregateError ? { errors: thrown.errors.slice(0, CAUSES_MAX).map((e) => errorFields(e, depth + 1)) } : {}),
    stack: thrown.stack,
  };
}

/** System errors carry theirs as a property: ENOENT and its like. */
function codeOf(error: Error): { readonly code?: unknown } {
  return 'code' in error ? { code: error.code } : {};
}
