import { newId, type Clock, type Random } from '@facehash/kernel';
import { apiKeyHash, newApiKey } from './api-key.js';
import type { ApplyOutcome, FaceModelRepository, NewIdentity, StoredFaceModel } from './repository.js';
import type { FaceModelManifest } from './schema.js';

/** The owner's own copy of each key: a Secret in the cluster, a file of mode 600 on one machine. The only place where a key stands in full. */
export interface OwnerKeys {
  /** The key of the model, made by `make` and kept if there is none yet. Rejects with STORE_UNAVAILABLE. */
  keep(modelName: string, make: () => string): Promise<{ readonly key: string; readonly where: string }>;
  /** The key that is to become the model's, beside the one that it has: made by `make` and kept if there is none yet. */
  keepNext(modelName: string, make: () => string): Promise<{ readonly key: string }>;
  /** The next key takes the place of the model's. Nothing happens when there is no next one. */
  takeNext(modelName: string): Promise<{ readonly where: string }>;
  /** Removes all keys of the model; no error when there are none. */
  drop(modelName: string): Promise<void>;
}

export interface ApplyParts {
  readonly models: FaceModelRepository;
  readonly keys: Pick<OwnerKeys, 'keep'>;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Applied {
  readonly outcome: ApplyOutcome;
  readonly model: StoredFaceModel;
  /** Where the owner finds the key; null when the model was there before. */
  readonly keyKeptIn: string | null;
}

/** Creates or changes a model. */
export async function applyFaceModel(manifest: FaceModelManifest, parts: ApplyParts): Promise<Applied> {
  const { models, clock, random } = parts;
  const known = await models.find(manifest.metadata.name);
  if (!known) return createFaceModel(manifest, { uid: newUid(clock, random) }, parts);
  const identity = { uid: known.uid, apiKeyHashes: known.apiKeyHashes, now: clock.now() };
  return { ...(await models.apply(manifest, identity)), keyKeptIn: null };
}

/**
 * Creates a model. The key is kept before the model exists, so a crash in between leaves a key without a model, which the next try
 * picks up, and never a model whose key nobody has.
 */
export async function createFaceModel(
  manifest: FaceModelManifest,
  identity: Pick<NewIdentity, 'uid' | 'status'>,
  { models, keys, clock, random }: ApplyParts,
): Promise<Applied> {
  const { key, where } = await keys.keep(manifest.metadata.name, () => newApiKey(random));
  const applied = await models.apply(manifest, { ...identity, apiKeyHashes: [apiKeyHash(key)], now: clock.now() });
  return { ...applied, keyKeptIn: where };
}

/** A uid for a new model, as Kubernetes would give one. */
export function newUid(clock: Clock, random: Random): string {
  return newId('fm', clock, random).replace('_', '-');
}

/**
 * Gives a model another key; the one before stays valid for the grace period. The new key is kept first, then made valid, and then
 * takes the old one's place with the owner: after a crash at any point the same call finishes what was begun, and the owner
 * holds a valid key throughout. Undefined when there is no such model.
 */
export async function rotateApiKey(
  name: string,
  { graceMs }: { readonly graceMs: number },
  { models, keys, clock, random }: ApplyParts & { readonly keys: OwnerKeys },
): Promise<{ readonly model: StoredFaceModel; readonly keyKeptIn: string } | undefined> {
  if (!(await models.find(name))) return undefined;
  const { key } = await keys.keepNext(name, () => newApiKey(random));
  const oldKeyValidUntil = graceMs > 0 ? new Date(clock.now().getTime() + graceMs) : null;
  const model = await models.rotateKey(name, { hash: apiKeyHash(key), oldKeyValidUntil });
  if (!model) return undefined;
  return { model, keyKeptIn: (await keys.takeNext(name)).where };
}
