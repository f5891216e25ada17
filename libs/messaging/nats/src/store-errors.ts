import { FaceHashError } from '@facehash/kernel';
import { JetStreamApiError } from '@nats-io/jetstream';
import { InvalidArgumentError, PermissionViolationError } from '@nats-io/nats-core';

/** Of the server's errors.json. */
const codes = {
  wrongLastSequence: [10071, 10164],
  full: [10077],
  tooLarge: [10054],
} as const;

type Trouble = keyof typeof codes;

/** Whether JetStream answered so. */
export function answered(error: unknown, trouble: Trouble): boolean {
  const listed: readonly number[] = codes[trouble];
  return error instanceof JetStreamApiError && listed.includes(error.code);
}

/** What asking again cannot change, as the error for the caller; undefined for what may pass. */
export function lastingError(error: unknown): Error | undefined {
  if (error instanceof FaceHashError || (error instanceof JetStreamApiError && answered(error, 'wrongLastSequence'))) return error;
  if (answered(error, 'full')) return new FaceHashError('OVERLOADED', {}, { cause: error });
  if (answered(error, 'tooLarge') || error instanceof InvalidArgumentError)
    return new FaceHashError('REQUEST_INVALID', {}, { cause: error });
  if (isRefusal(error)) return new FaceHashError('STORE_UNAVAILABLE', { refused: true }, { cause: error });
  return undefined;
}

/** The server's permissions say no. The client wraps that into an error of the request. */
function isRefusal(error: unknown): boolean {
  if (error instanceof PermissionViolationError) return true;
  return error instanceof Error && error.cause instanceof PermissionViolationError;
}
