import type { ErrorCode } from '@facehash/kernel';

/** HTTP status of every failure: a new code does not compile until it stands here. */
export const httpStatus: Readonly<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  API_KEY_INVALID: 401,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  MEDIA_TYPE_UNSUPPORTED: 415,
  BODY_TOO_LARGE: 413,
  IMAGE_UNREADABLE: 422,
  IMAGE_TOO_LARGE: 422,
  IMAGE_TOO_SMALL: 422,
  FACE_NOT_FOUND: 422,
  FACES_TOO_MANY: 422,
  QUALITY_TOO_LOW: 422,
  PHOTO_OF_OTHER_PERSON: 409,
  PHOTOS_REJECTED: 422,
  PHOTOS_TOO_FEW: 422,
  PERSON_NOT_FOUND: 404,
  PHOTO_NOT_FOUND: 404,
  PHOTO_BEING_REMOVED: 409,
  ERASURE_NOT_FOUND: 404,
  PERSON_EXISTS: 409,
  LIMIT_REACHED: 409,
  MODEL_NOT_READY: 409,
  MODEL_INVALID: 422,
  VERSION_REFUSED: 409,
  PERSON_QUARANTINED: 409,
  TRAINING_FAILED: 503,
  GPU_UNAVAILABLE: 503,
  ARTIFACT_CORRUPT: 500,
  CONFLICT: 409,
  STORE_UNAVAILABLE: 503,
  OVERLOADED: 503,
  DEADLINE_EXCEEDED: 504,
  SHUTTING_DOWN: 503,
  INTERNAL: 500,
};

/** When it is worth asking again, in seconds: of the failures that pass by themselves. */
export const retryAfterSeconds = { OVERLOADED: 1, STORE_UNAVAILABLE: 2, SHUTTING_DOWN: 5, TRAINING_FAILED: 10 } satisfies Partial<
  Record<ErrorCode, number>
>;
