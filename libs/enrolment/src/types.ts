import type { ErrorCode } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';
import type { Page, PageRequest, Person, Photo } from '@facehash/registry-core';
import type { FaceQuality } from '@facehash/vision-core';

export interface IncomingPhoto {
  /** Position in the request, from 0. */
  readonly index: number;
  readonly bytes: Uint8Array;
  /** Taken in though it is enrolled under another person, too. */
  readonly force?: boolean;
}

/** What became of one photo. Rejection is data: one bad photo never fails its neighbours. */
export type PhotoResult =
  | { readonly index: number; readonly outcome: 'accepted' | 'duplicate'; readonly photoId: string; readonly quality: FaceQuality }
  | {
      readonly index: number;
      readonly outcome: 'rejected';
      readonly code: Extract<
        ErrorCode,
        | 'IMAGE_UNREADABLE'
        | 'IMAGE_TOO_LARGE'
        | 'IMAGE_TOO_SMALL'
        | 'FACE_NOT_FOUND'
        | 'FACES_TOO_MANY'
        | 'QUALITY_TOO_LOW'
        | 'PHOTO_OF_OTHER_PERSON'
        | 'PHOTO_BEING_REMOVED'
        | 'LIMIT_REACHED'
        | 'REQUEST_INVALID'
      >;
      readonly detail: string;
    };

export interface EnrolmentResult {
  /** In the order of the request. */
  readonly photos: readonly PhotoResult[];
  /** Null: nobody of the name was made, as no photo was good. */
  readonly personId: string | null;
  /** Photos that the person has now. */
  readonly held: number;
  /** Value of the model's counter after the last photo: a snapshot of this number or a later one holds them all. Null when none was accepted (a duplicate counts as accepted). */
  readonly counter: number | null;
}

export interface NewPerson {
  /** Trimmed, NFC, 1 to 200 characters, no control characters: REQUEST_INVALID otherwise. */
  readonly name: string;
  readonly externalId?: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
}

export type Whom = { readonly personId: string } | { readonly name: string };

/** Takes people and photos in. Whatever it acknowledged is durable, and will be in a snapshot. */
export interface Enrolment {
  /** Rejects with PERSON_EXISTS, LIMIT_REACHED, REQUEST_INVALID, STORE_UNAVAILABLE. */
  createPerson(model: ModelState, person: NewPerson, signal?: AbortSignal): Promise<Person>;
  /** Rejects with PERSON_NOT_FOUND, PERSON_EXISTS, REQUEST_INVALID. The new name answers at once, without training. */
  changePerson(model: ModelState, id: string, change: Partial<NewPerson>, signal?: AbortSignal): Promise<Person>;
  /** Rejects with PERSON_NOT_FOUND. */
  person(model: ModelState, id: string, signal?: AbortSignal): Promise<Person>;
  people(model: ModelState, page: PageRequest, signal?: AbortSignal): Promise<Page<Person>>;
  photos(model: ModelState, personId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Photo>>;
  /** As they came. Rejects with PHOTO_NOT_FOUND, and with ARTIFACT_CORRUPT when the row is there and the bytes are not. */
  photoBytes(model: ModelState, personId: string, photoId: string, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * Photos are analysed and stored as they arrive, a bounded number at a time. Rejects with PERSON_NOT_FOUND for an unknown id; somebody of a
   * new name is made with their first good photo, so that nobody is left behind without one.
   */
  enrol(
    model: ModelState,
    whom: Whom,
    photos: AsyncIterable<IncomingPhoto> | Iterable<IncomingPhoto>,
    signal?: AbortSignal,
  ): Promise<EnrolmentResult>;
  /** Cuts a snapshot now instead of after the debounce, and gives its counter; null when nobody is enrolled. */
  trainNow(model: ModelState, signal?: AbortSignal): Promise<number | null>;
}

/** How a wait for training ended. `failed` carries why: VERSION_REFUSED, PERSON_QUARANTINED, TRAINING_FAILED … */
export type TrainingOutcome =
  | { readonly outcome: 'trained'; readonly version: string }
  | { readonly outcome: 'failed'; readonly code: string; readonly message: string };
