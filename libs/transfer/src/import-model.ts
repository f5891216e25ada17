import {
  createFaceModel,
  newUid,
  parseManifestForOneMachine,
  storageIdOf,
  type FaceModelManifest,
  type FaceModelRepository,
  type FaceModelStatus,
  type OwnerKeys,
} from '@facehash/facemodel';
import { FaceHashError, type Clock, type Random } from '@facehash/kernel';
import { removeAll, type ObjectStore } from '@facehash/object-store-core';
import type { Registry } from '@facehash/registry-core';
import type { ArchiveEntry, ArchiveManifest } from './archive.js';
import { lookThrough } from './look-through.js';
import { takeIn } from './take-in.js';

export interface ImportParts {
  readonly models: FaceModelRepository;
  readonly keys: Pick<OwnerKeys, 'keep'>;
  readonly registry: Registry;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Imported {
  readonly name: string;
  readonly storageId: string;
  readonly keyKeptIn: string | null;
  readonly people: number;
  readonly photos: number;
  /** False: another model here has the storage id, so this one got an id of its own. */
  readonly sameStorageId: boolean;
}

export interface ImportWish {
  /** Begins the archive anew with each call: it is looked through before anything is written. */
  readonly open: () => AsyncIterable<ArchiveEntry>;
  /** Instead of the name that the model had. */
  readonly name?: string;
}

/**
 * Takes a model in: rows and objects, and the FaceModel last, so that it is there with everything or not at all. It keeps its storage id
 * where that is free here, and then an import that died is finished by the same import. Rejects with MODEL_INVALID when the
 * name is taken, ARTIFACT_CORRUPT for an archive that is not whole, CONFLICT when something else lies under the id.
 */
export async function importModel({ open, name }: ImportWish, parts: ImportParts, signal?: AbortSignal): Promise<Imported> {
  const { manifest, end } = await lookThrough(open(), signal);
  const model = renamed(manifest, name);
  await requireFree(model.metadata.name, parts.models);
  const uid = newUid(parts.clock, parts.random);
  const sameStorageId = await isFree(manifest.storageId, parts.models);
  const storageId = sameStorageId ? manifest.storageId : uid;
  const target = { storageId, from: manifest.storageId, counter: manifest.counter, counts: end.counts };
  try {
    await takeIn(open(), target, parts, signal);
  } catch (error) {
    // Nobody would find what is left under an id that was made for this import.
    if (!sameStorageId) await forget(storageId, parts);
    throw error;
  }
  const wanted = { ...model, spec: { ...model.spec, storageId: sameStorageId ? storageId : null } };
  const identity = { uid, status: firstStatus(storageId, manifest) };
  const { outcome, keyKeptIn } = await createFaceModel(wanted, identity, parts);
  if (outcome !== 'created') throw taken(model.metadata.name);
  const { people, photos } = end.counts;
  return { name: model.metadata.name, storageId, keyKeptIn, people, photos, sameStorageId };
}

function renamed({ model }: ArchiveManifest, name: string | undefined): FaceModelManifest {
  const parsed = parseManifestForOneMachine(model);
  if (!parsed.ok) throw new FaceHashError('MODEL_INVALID', { problems: parsed.problems });
  if (name === undefined) return parsed.manifest;
  const again = parseManifestForOneMachine({ ...parsed.manifest, metadata: { ...parsed.manifest.metadata, name } });
  if (!again.ok) throw new FaceHashError('MODEL_INVALID', { problems: again.problems });
  return again.manifest;
}

async function requireFree(name: string, models: FaceModelRepository): Promise<void> {
  if (await models.find(name)) throw taken(name);
}

function taken(name: string): FaceHashError {
  const message = `a model ${name} exists already: give the imported one another name`;
  return new FaceHashError('MODEL_INVALID', { problems: [{ path: 'metadata.name', message }] });
}

async function isFree(storageId: string, models: FaceModelRepository): Promise<boolean> {
  const known = [...(await models.list()).map(storageIdOf), ...(await models.deleted()).map((deleted) => deleted.storageId)];
  return !known.includes(storageId);
}

async function forget(storageId: string, { registry, objects }: ImportParts): Promise<void> {
  await registry.eraseModel(storageId).catch(() => undefined);
  await removeAll(objects, `${storageId}/`).catch(() => undefined);
}

/** What cannot be read again from the objects; the first pass of the controller finds the rest. */
function firstStatus(storageId: string, { quarantined }: ArchiveManifest): FaceModelStatus {
  return {
    phase: 'Waiting',
    storageId,
    samples: { people: 0, photos: 0, snapshot: null },
    activeVersion: null,
    targetVersion: null,
    rollout: null,
    training: { run: null, stage: null, percent: null, attempt: 0, lastFailure: null },
    quarantined,
    swept: null,
    replicas: { total: 0, updated: 0, failed: 0 },
    conditions: [],
    observedGeneration: 0,
  };
}
