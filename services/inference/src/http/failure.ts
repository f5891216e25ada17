import { HttpException } from '@nestjs/common';
import { asFaceHashError, FaceHashError, type ErrorCode } from '@facehash/kernel';
import { httpStatus, retryAfterSeconds } from './status.js';

/** One fault in what was sent: where, as a dotted path, and what is wrong. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** What a client is told of something that went wrong, before it is put into one of the two shapes of answer. */
export interface Failure {
  readonly status: number;
  readonly code: ErrorCode;
  /** Safe to show. */
  readonly title: string;
  readonly detail: string | undefined;
  readonly faults: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;
  /** For the log. */
  readonly error: FaceHashError;
}

export function invalid(...faults: readonly Fault[]): FaceHashError {
  return new FaceHashError('REQUEST_INVALID', { problems: faults });
}

/** Of whatever was thrown on the way to an answer, by us, Nest or Fastify. */
export function failureOf(thrown: unknown): Failure {
  const error = ours(thrown);
  const after = retryAfter(error);
  return {
    status: httpStatus[error.code],
    code: error.code,
    title: error.message,
    detail: showable(error),
    faults: faultsOf(error),
    headers: {
      ...(after === undefined ? {} : { 'retry-after': String(after) }),
      ...(error.code === 'API_KEY_INVALID' ? { 'www-authenticate': 'Bearer' } : {}),
      ...(error.code === 'METHOD_NOT_ALLOWED' ? { allow: String(error.details['allow']) } : {}),
    },
    error,
  };
}

/** Seconds: what the failure itself knows, else what is customary for its kind. */
function retryAfter({ code, details }: FaceHashError): number | undefined {
  const { retryAfterMs } = details;
  if (code === 'RATE_LIMITED' && typeof retryAfterMs === 'number') return Math.ceil(retryAfterMs / 1000);
  return new Map<string, number>(Object.entries(retryAfterSeconds)).get(code);
}

/** Frameworks tell their failures by status. Their messages are left out: they quote the path, and the path may hold a key. */
const codeOfStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'REQUEST_INVALID',
  404: 'NOT_FOUND',
  413: 'BODY_TOO_LARGE',
  414: 'NOT_FOUND',
  415: 'MEDIA_TYPE_UNSUPPORTED',
  503: 'SHUTTING_DOWN',
};

function ours(thrown: unknown): FaceHashError {
  if (thrown instanceof FaceHashError) return thrown;
  const code = codeOfStatus[statusOf(thrown) ?? 0];
  return code === undefined ? asFaceHashError(thrown) : new FaceHashError(code);
}

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number') return thrown.statusCode;
  return undefined;
}

/** Details are for the log, but for those that say what the client can change. */
const withDetail: readonly ErrorCode[] = [
  'REQUEST_INVALID',
  'API_KEY_INVALID',
  'IMAGE_UNREADABLE',
  'IMAGE_TOO_LARGE',
  'IMAGE_TOO_SMALL',
  'FACE_NOT_FOUND',
  'BODY_TOO_LARGE',
  'MEDIA_TYPE_UNSUPPORTED',
  'LIMIT_REACHED',
  'RATE_LIMITED',
  'PERSON_EXISTS',
  'MODEL_NOT_READY',
  'TRAINING_FAILED',
  'VERSION_REFUSED',
  'PERSON_QUARANTINED',
];

function showable(error: FaceHashError): string | undefined {
  const { detail } = error.details;
  return withDetail.includes(error.code) && typeof detail === 'string' ? detail : undefined;
}

function faultsOf(error: FaceHashError): readonly Fault[] {
  const { problems } = error.details;
  return error.code === 'REQUEST_INVALID' && Array.isArray(problems) ? problems.filter(isFault) : [];
}

function isFault(value: unknown): value is Fault {
  return (
    typeof value === 'object' &&
    value !== null &&
    'path' in value &&
    'message' in value &&
    typeof value.path === 'string' &&
    typeof value.message === 'string'
  );
}
