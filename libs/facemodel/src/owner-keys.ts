import { newId, type Clock, type Random } from '@facehash/kernel';
import { apiKeyHash, newApiKey } from './api-key.js';
import type { ApplyOutcome, FaceModelRepository, StoredFaceModel } from './repository.js';
import type { FaceModelManifest } from './schema.js';

/** The owner's own copy of each key: a Secret in the cluster, a file of mode 600 on one machine. The only place where a key stands in full. */
export interface OwnerKeys {
  /** The key of the model, made by `make` and kept if there is none yet. Rejects with STORE_UNAVAILABLE. */
  keep(modelName: string, make: () => string): Promise<{ readonly key: string; readonly where: string }>;
}

export interface ApplyParts {
  readonly models: FaceModelRepository;
  readonly keys: OwnerKeys;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Applied {
  readonly outcome: ApplyOutcome;
  readonly model: StoredFaceModel;
  /** Where the owner finds the key; null when the model was there before. */
  readonly keyKeptIn: string | null;
}

/**
 * Creates or changes a model. The key is kept before the model exists, so a crash in between leaves a key without a model,
 * which the next apply picks up, and never a model whose key nobody has.
 */
export async function applyFaceModel(manifest: FaceModelManifest, { models, keys, clock, random }: ApplyParts): Promise<Applied> {
  const now = clock.now();
  const known = await models.find(manifest.metadata.name);
  if (known) return { ...(await models.apply(manifest, { uid: known.uid, apiKeyHashes: known.apiKeyHashes, now })), keyKeptIn: null };
  const { key, where } = await keys.keep(manifest.metadata.name, () => newApiKey(random));
  const uid = newId('fm', clock, random).replace('_', '-');
  const applied = await models.apply(manifest, { uid, apiKeyHashes: [apiKeyHash(key)], now });
  return { ...applied, keyKeptIn: where };
}
