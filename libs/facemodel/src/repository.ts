import type { FaceModelManifest, FaceModelSpec } from './schema.js';
import type { FaceModelStatus } from './status.js';

/** A FaceModel as it is kept: what Kubernetes keeps for the operator, and the embedded store for the standalone loop. */
export interface StoredFaceModel {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Counts changes of the spec. */
  readonly generation: number;
  readonly spec: FaceModelSpec;
  /** SHA-256 of each key, newest first: at most two, during a rotation. Which of them are valid now, `validApiKeyHashes` says. */
  readonly apiKeyHashes: readonly string[];
  /** Until when the second of two keys is valid; null: there is one key only. */
  readonly oldKeyValidUntil: string | null;
  readonly status: FaceModelStatus | null;
  readonly createdAt: string;
}

/** Everything of a model is stored under this id, never under its name. */
export function storageIdOf(model: Pick<StoredFaceModel, 'uid' | 'spec'>): string {
  return model.spec.storageId ?? model.uid;
}

/** Where a cluster's owner finds the key. */
export function apiKeySecretName({ name, spec }: Pick<StoredFaceModel, 'name' | 'spec'>): string {
  return spec.apiKey?.secretName ?? `${name}-api-key`;
}

/** A key that was replaced stays valid until its time is over. */
export function validApiKeyHashes(model: Pick<StoredFaceModel, 'apiKeyHashes' | 'oldKeyValidUntil'>, now: Date): readonly string[] {
  const { apiKeyHashes, oldKeyValidUntil } = model;
  return oldKeyValidUntil !== null && Date.parse(oldKeyValidUntil) > now.getTime() ? apiKeyHashes : apiKeyHashes.slice(0, 1);
}

/** A model that its owner deleted, until everything of it is erased. Its name is free again, its storage id is not. */
export interface DeletedFaceModel {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly storageId: string;
  readonly deletedAt: string;
}

/** What is given at creation and counts only then. */
export interface NewIdentity {
  readonly uid: string;
  readonly apiKeyHashes: readonly string[];
  readonly now: Date;
  /** What was known of the model elsewhere, when it is imported. */
  readonly status?: FaceModelStatus;
}

export type ApplyOutcome = 'created' | 'changed' | 'unchanged';

/** Where FaceModels are kept on one machine. Durable when a call resolves. Rejects with STORE_UNAVAILABLE. */
export interface FaceModelRepository {
  /** In the order of names. */
  list(): Promise<readonly StoredFaceModel[]>;
  find(name: string): Promise<StoredFaceModel | undefined>;
  /**
   * Creates the model, or changes its spec; nobody else comes in between. Names are unique. `identity` and the namespace count only at
   * creation: of several who create the same name at once, the others get the model of the first. The status stays as it is.
   * Rejects with MODEL_INVALID when an immutable field (`storageId`) would change, or at creation when another model has the storage id,
   * be it one that is still being erased.
   */
  apply(manifest: FaceModelManifest, identity: NewIdentity): Promise<{ readonly outcome: ApplyOutcome; readonly model: StoredFaceModel }>;
  /** Replaces the status of the model with this uid, and nothing else; nothing happens when it is gone. */
  writeStatus(uid: string, status: FaceModelStatus): Promise<void>;
  /**
   * Makes this the model's key; the one before stays valid until `oldKeyValidUntil`, or no longer where that is null. A key that is
   * the newest already is not added again, so the call is safe to repeat. Undefined when there is no such model.
   */
  rotateKey(name: string, key: { readonly hash: string; readonly oldKeyValidUntil: Date | null }): Promise<StoredFaceModel | undefined>;
  /** Takes the model away: it is in `deleted` from now on, until `forget`. Undefined when there is no such model. */
  delete(name: string, now: Date): Promise<DeletedFaceModel | undefined>;
  /** Models of which something may still be stored, in the order of their deletion. */
  deleted(): Promise<readonly DeletedFaceModel[]>;
  /** Nothing of this deleted model is stored any more. Nothing happens when it is forgotten already. */
  forget(uid: string): Promise<void>;
}
