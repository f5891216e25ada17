import type { DeletedFaceModel } from '@facehash/facemodel';

/** Of everything that the operator makes for a model, wherever it lies. */
export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'facehash-operator' } as const;
export const STORAGE_ID_LABEL = 'facehash.dev/storage-id';

/** The container of a training Job's pod that counts: whoever admits pods may put others beside it. */
export const TRAINER_CONTAINER = 'trainer';

/** Keeps a FaceModel until nothing of it is left. */
export const ERASURE_FINALIZER = 'facehash.dev/erasure';

/** Annotations that the owner of a FaceModel sets. */
export const annotations = {
  /** A new text asks for a new key. */
  rotateApiKey: 'facehash.dev/rotate-api-key',
  /** How long the key before stays valid: `24h`, `30m`, `0s`. */
  oldKeyGrace: 'facehash.dev/old-key-grace',
  /** `true`: a FaceModel that is deleted leaves what is stored. */
  keep: 'facehash.dev/keep',
} as const;

/** Tells whose an object is where an owner reference cannot, as in another namespace. */
export function ownerLabels({ storageId, namespace, name, uid }: Omit<DeletedFaceModel, 'deletedAt'>): Readonly<Record<string, string>> {
  return {
    ...MANAGED_BY,
    [STORAGE_ID_LABEL]: storageId,
    'facehash.dev/model-namespace': namespace,
    'facehash.dev/model-name': name,
    'facehash.dev/model-uid': uid,
  };
}
