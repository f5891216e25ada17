import type { ModelState } from '@facehash/messaging-core';
import type { Analysis, Box, FaceQuality, Landmarks } from '@facehash/vision-core';

export interface RecognitionOptions {
  readonly faces: 'largest' | 'all';
  readonly maxFaces: number;
  /** Fraction of the image's short side. */
  readonly minFaceFraction: number;
  /** How many candidates to list per face. */
  readonly candidates: number;
}

export interface Candidate {
  readonly id: string;
  readonly name: string;
  /** Cosine of the descriptors, -1 to 1. */
  readonly similarity: number;
  /** Softmax of the key's model over its people, 0 to 1. */
  readonly probability: number;
}

export interface RecognisedFace {
  readonly box: Box;
  readonly confidence: number;
  /** Null: a face of nobody who is enrolled. */
  readonly person: { readonly id: string; readonly name: string } | null;
  /** Of the nearest person, whether named or not. */
  readonly similarity: number;
  readonly probability: number;
  /** Nearest first; people who were erased are left out. */
  readonly candidates: readonly Candidate[];
  readonly landmarks: Landmarks;
  readonly quality: FaceQuality;
}

export type Recognition =
  | {
      readonly kind: 'recognised';
      readonly version: string;
      readonly width: number;
      readonly height: number;
      readonly faces: readonly RecognisedFace[];
    }
  | { readonly kind: 'unreadable'; readonly problem: Extract<Analysis, { readable: false }>['problem']; readonly detail: string };

/** Answers "who is this". One request is answered by exactly one version, whatever is swapped meanwhile. */
export interface Recogniser {
  /** Rejects with MODEL_NOT_READY when no version answers for the model, OVERLOADED, DEADLINE_EXCEEDED, STORE_UNAVAILABLE (cold model, store away). */
  recognise(model: ModelState, image: Uint8Array, options: RecognitionOptions, signal?: AbortSignal): Promise<Recognition>;
}

export type Verification =
  | {
      readonly kind: 'verified';
      readonly same: boolean;
      /** Cosine of the descriptors, -1 to 1. The same from `threshold` on. */
      readonly similarity: number;
      readonly threshold: number;
      /** The version that answered; null where two photos were compared, for which none is needed. */
      readonly version: string | null;
    }
  | {
      readonly kind: 'unusable';
      readonly which: 'image' | 'other';
      readonly problem: Extract<Analysis, { readable: false }>['problem'] | 'FACE_NOT_FOUND';
      readonly detail: string;
    };

/** Answers "is this the same face" for the largest face of each image. Rejects as the recogniser does. */
export interface Verifier {
  /**
   * By the version that answers: the same exactly when it would be named so. Rejects with PERSON_NOT_FOUND for somebody who is not enrolled, and
   * with MODEL_NOT_READY while no version answers that knows them.
   */
  withPerson(model: ModelState, image: Uint8Array, personId: string, signal?: AbortSignal): Promise<Verification>;
  /** Without a version: by the threshold of one person with one photo, at the model's false accept target. */
  withPhoto(model: ModelState, image: Uint8Array, other: Uint8Array, signal?: AbortSignal): Promise<Verification>;
}

/** Which models exist, by key and by id: what the controller published, as this replica last saw it. */
export interface ModelDirectory {
  /** False until the first complete watch: answer 503 then, not 401. */
  readonly synced: boolean;
  byApiKey(apiKey: string): ModelState | undefined;
  byStorageId(storageId: string): ModelState | undefined;
  all(): readonly ModelState[];
  /**
   * Resolves with the first state (the current one included, a tombstone too) that satisfies `accept`. Rejects with the signal's reason, and
   * with API_KEY_INVALID, which is what every later call is told, when the model is erased or has been.
   */
  until(storageId: string, accept: (state: ModelState) => boolean, signal: AbortSignal): Promise<ModelState>;
}
