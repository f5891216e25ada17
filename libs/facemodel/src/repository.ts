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
  /** SHA-256 of each valid key, newest first: at most two, during a rotation. */
  readonly apiKeyHashes: readonly string[];
  readonly status: FaceModelStatus | null;
  readonly createdAt: string;
}

/** Everything of a model is stored under this id, never under its name. */
export function storageIdOf(model: Pick<StoredFaceModel, 'uid' | 'spec'>): string {
  return model.spec.storageId ?? model.uid;
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
   * Rejects with MODEL_INVALID when an immutable field (`storageId`) would change.
   */
  apply(
    manifest: FaceModelManifest,
    identity: { readonly uid: string; readonly apiKeyHashes: readonly string[]; readonly now: Date },
  ): Promise<{ readonly outcome: ApplyOutcome; readonly model: StoredFaceModel }>;
  /** Replaces the status of the model with this uid, and nothing else; nothing happens when it is gone. */
  writeStatus(uid: string, status: FaceModelStatus): Promise<void>;
}
