import {
  activePointerSchema,
  decodeDocument,
  decodeIfSound,
  latestPointerSchema,
  layout,
  manifestSchema,
  snapshotSchema,
  type ActivePointer,
  type LatestPointer,
  type VersionManifest,
} from '@facehash/artifacts';
import { storageIdOf } from '@facehash/facemodel';
import { versionsOfInterest, type Observed } from '@facehash/lifecycle';
import { FaceHashError } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';

export interface Gathered {
  readonly observed: Observed;
  /** Revision of `active.json` as it was read, null when there is none: for its compare-and-set. */
  readonly activeRevision: string | null;
}

type FromElsewhere = Omit<Observed, 'latest' | 'active' | 'stored' | 'latestListsErased'>;

/** Reads everything that a decision about one model is taken from. Rejects with STORE_UNAVAILABLE, and with ARTIFACT_CORRUPT when a pointer is damaged. */
export async function gather(objects: ObjectStore, known: FromElsewhere, signal: AbortSignal): Promise<Gathered> {
  const storageId = storageIdOf(known.model);
  const [latest, active] = await Promise.all([readLatest(objects, storageId, signal), readActive(objects, storageId, signal)]);
  const seen = { ...known, latest, active: active.pointer };
  const stored = await readManifests(objects, { storageId, versions: versionsOfInterest(seen) }, signal);
  const latestListsErased =
    known.erasing.size > 0 && latest !== null && (await listsAny(objects, { storageId, latest }, known.erasing, signal));
  return { observed: { ...seen, stored, latestListsErased }, activeRevision: active.revision };
}

async function listsAny(
  objects: ObjectStore,
  { storageId, latest }: { readonly storageId: string; readonly latest: LatestPointer },
  ids: ReadonlyMap<string, unknown>,
  signal: AbortSignal,
): Promise<boolean> {
  const key = layout.samples(storageId, latest.counter);
  const object = await objects.read(key, signal);
  if (!object) throw new FaceHashError('ARTIFACT_CORRUPT', { key });
  return decodeDocument(snapshotSchema, object.bytes, key).people.some(({ id }) => ids.has(id));
}

async function readLatest(objects: ObjectStore, storageId: string, signal: AbortSignal): Promise<LatestPointer | null> {
  const key = layout.latestSamples(storageId);
  const object = await objects.read(key, signal);
  return object ? decodeDocument(latestPointerSchema, object.bytes, key) : null;
}

async function readActive(
  objects: ObjectStore,
  storageId: string,
  signal: AbortSignal,
): Promise<{ readonly pointer: ActivePointer | null; readonly revision: string | null }> {
  const key = layout.active(storageId);
  const object = await objects.read(key, signal);
  if (!object) return { pointer: null, revision: null };
  return { pointer: decodeDocument(activePointerSchema, object.bytes, key), revision: object.revision };
}

async function readManifests(
  objects: ObjectStore,
  wish: { readonly storageId: string; readonly versions: readonly string[] },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, VersionManifest>> {
  // A rollout waits for each of its passes: the round trips of one are side by side.
  const read = await Promise.all(
    wish.versions.map(async (version) => {
      const key = layout.manifest(wish.storageId, version);
      const object = await objects.read(key, signal);
      // A damaged manifest counts as none: a run of the same inputs writes it again.
      const manifest = object && decodeIfSound(manifestSchema, object.bytes, key);
      return manifest ? ([version, manifest] as const) : undefined;
    }),
  );
  return new Map(read.filter((entry) => entry !== undefined));
}
