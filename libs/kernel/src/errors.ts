interface ErrorEntry {
  readonly message: string;
  readonly retry: 'never' | 'backoff';
}

/** Every failure a caller may meet. Codes are API: add, never rename. Messages are safe to show to anyone. */
export const errorCatalogue = {
  REQUEST_INVALID: { message: 'The request is not valid', retry: 'never' },
  API_KEY_INVALID: { message: 'The API key is unknown or was revoked', retry: 'never' },
  NOT_FOUND: { message: 'There is nothing at this address', retry: 'never' },
  METHOD_NOT_ALLOWED: { message: 'This address does not take this method', retry: 'never' },
  MEDIA_TYPE_UNSUPPORTED: { message: 'The media type of the body is not supported here', retry: 'never' },
  BODY_TOO_LARGE: { message: 'The body is larger than this call takes', retry: 'never' },
  IMAGE_UNREADABLE: { message: 'The image could not be decoded', retry: 'never' },
  IMAGE_TOO_LARGE: { message: 'The image has more pixels than are taken', retry: 'never' },
  IMAGE_TOO_SMALL: { message: 'The image is smaller than a face needs', retry: 'never' },
  FACE_NOT_FOUND: { message: 'No face was found in the image', retry: 'never' },
  FACES_TOO_MANY: { message: 'More than one face was found where one is needed', retry: 'never' },
  QUALITY_TOO_LOW: { message: 'The face is too small, blurred or badly exposed to enrol', retry: 'never' },
  PHOTO_OF_OTHER_PERSON: { message: 'The same photo is enrolled under another person', retry: 'never' },
  PHOTOS_REJECTED: { message: 'None of the photos could be enrolled', retry: 'never' },
  PHOTOS_TOO_FEW: { message: 'The person has fewer photos than the model trains on', retry: 'never' },
  PERSON_NOT_FOUND: { message: 'There is no such person', retry: 'never' },
  PHOTO_NOT_FOUND: { message: 'There is no such photo of this person', retry: 'never' },
  PHOTO_BEING_REMOVED: { message: 'The same photo is being removed; it can be added again in a while', retry: 'backoff' },
  ERASURE_NOT_FOUND: { message: 'Nobody of this id was erased', retry: 'never' },
  PERSON_EXISTS: { message: 'A person of this name exists already', retry: 'never' },
  IDEMPOTENCY_KEY_REUSED: { message: 'This idempotency key was used for another request', retry: 'never' },
  LIMIT_REACHED: { message: 'The model holds as many people or photos as its limits allow', retry: 'never' },
  MODEL_NOT_READY: { message: 'No trained version answers for this key yet', retry: 'backoff' },
  MODEL_INVALID: { message: 'The FaceModel resource is not valid', retry: 'never' },
  VERSION_REFUSED: { message: 'The new version was significantly worse and was refused by the gate', retry: 'never' },
  PERSON_QUARANTINED: { message: 'The photos of this person spoil the recognition of others', retry: 'never' },
  VERSION_NOT_FOUND: { message: 'No version of this name is stored for this key', retry: 'never' },
  TRAINING_FAILED: { message: 'Training did not succeed', retry: 'backoff' },
  RUN_NOT_STARTED: { message: 'The cluster could not start the training run', retry: 'backoff' },
  GPU_UNAVAILABLE: { message: 'Training demands a GPU and found none', retry: 'backoff' },
  ARTIFACT_CORRUPT: { message: 'A stored artifact is missing or does not match its digest', retry: 'never' },
  CONFLICT: { message: 'The state was changed by someone else at the same time', retry: 'backoff' },
  STORE_UNAVAILABLE: { message: 'The store did not answer', retry: 'backoff' },
  RATE_LIMITED: { message: 'This key asks more often than its limits allow', retry: 'backoff' },
  OVERLOADED: { message: 'More requests are waiting than can be answered in time', retry: 'backoff' },
  DEADLINE_EXCEEDED: { message: 'The answer took longer than its deadline allows', retry: 'backoff' },
  SHUTTING_DOWN: { message: 'This replica is stopping', retry: 'backoff' },
  INTERNAL: { message: 'Something went wrong on our side', retry: 'backoff' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

/** Whether a text, as another process wrote it, is a code of the catalogue. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCatalogue, text);
}

/** The one error class of the project. An expected outcome is data; this says "could not find out" or "may not". */
export class FaceHashError extends Error {
  override readonly name = 'FaceHashError';

  /** `details` go to the log and, where a service chooses to, into named fields of its answer; `message` is always safe to show. */
  constructor(
    readonly code: ErrorCode,
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(errorCatalogue[code].message, options);
  }

  get retry(): ErrorEntry['retry'] {
    return errorCatalogue[this.code].retry;
  }
}

/** Whatever was thrown, as an error of the catalogue: ours as it is, anything else INTERNAL with its cause kept. */
export function asFaceHashError(thrown: unknown): FaceHashError {
  return thrown instanceof FaceHashError ? thrown : new FaceHashError('INTERNAL', {}, { cause: thrown });
}

export function hasCode(thrown: unknown, code: ErrorCode): thrown is FaceHashError {
  return thrown instanceof FaceHashError && thrown.code === code;
}
