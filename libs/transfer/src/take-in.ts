import { decodeDocument, encodeDocument, manifestSchema, snapshotSchema } from '@facehash/artifacts';
import { canonicalJson, FaceHashError } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import type { Person, Photo, Registry } from '@facehash/registry-core';
import { contentOf, decodeRows, END, MANIFEST, personRowSchema, photoRowSchema, type ArchiveEnd, type ArchiveEntry } from './archive.js';

export interface Target {
  readonly storageId: string;
  /** The id that the model had where it was exported. */
  readonly from: string;
  readonly counter: number;
  readonly counts: ArchiveEnd['counts'];
}

interface Stores {
  readonly registry: Registry;
  readonly objects: ObjectStore;
}

/** Writes what an archive holds, entry by entry. What is there already must be the same: then an earlier import had come so far. */
export async function takeIn(entries: AsyncIterable<ArchiveEntry>, target: Target, stores: Stores, signal?: AbortSignal): Promise<void> {
  for await (const entry of entries) {
    if (entry.name === MANIFEST || entry.name === END) continue;
    const content = contentOf(entry);
    if (content.kind === 'object') await takeObject(target, { key: content.key, bytes: entry.bytes }, stores.objects, signal);
    else if (content.kind === 'people') await takePeople(entry, target.storageId, stores.registry, signal);
    else await takePhotos(entry, target.storageId, stores.registry, signal);
  }
  const { people, photos } = await stores.registry.counts(target.storageId, signal);
  if (people !== target.counts.people || photos !== target.counts.photos) throw occupied(target.storageId);
  await stores.registry.raiseCounter(target.storageId, target.counter, signal);
}

async function takePeople(entry: ArchiveEntry, storageId: string, registry: Registry, signal?: AbortSignal): Promise<void> {
  for (const row of decodeRows(personRowSchema, entry)) {
    const person: Person = { ...row, storageId };
    const made = await registry.createPerson(person, signal);
    if (canonicalJson(made.person) !== canonicalJson(person)) throw occupied(storageId);
  }
}

async function takePhotos(entry: ArchiveEntry, storageId: string, registry: Registry, signal?: AbortSignal): Promise<void> {
  for (const row of decodeRows(photoRowSchema, entry)) {
    const photo: Photo = { ...row, storageId };
    if (!['added', 'duplicate'].includes(await registry.addPhoto({ ...photo, shared: true }, signal))) throw occupied(storageId);
  }
}

const pointers: readonly string[] = ['active.json', 'samples/latest.json'];

async function takeObject(target: Target, object: { key: string; bytes: Uint8Array }, objects: ObjectStore, signal?: AbortSignal) {
  const key = `${target.storageId}/${object.key}`;
  const bytes = target.storageId === target.from ? object.bytes : withId(object, target.storageId);
  const written = pointers.includes(object.key)
    ? (await objects.replace(key, bytes, null, signal)) !== undefined
    : (await objects.create(key, bytes, signal)) === 'created';
  if (written) return;
  const there = await objects.read(key, signal);
  if (!there || !sameBytes(there.bytes, bytes)) throw occupied(target.storageId);
}

/** Two kinds of document name the storage id that they belong to. */
function withId({ key, bytes }: { readonly key: string; readonly bytes: Uint8Array }, storageId: string): Uint8Array {
  if (/^versions\/[^/]+\/manifest\.json$/.test(key)) return encodeDocument({ ...decodeDocument(manifestSchema, bytes, key), storageId });
  if (/^samples\/\d+\.json$/.test(key)) return encodeDocument({ ...decodeDocument(snapshotSchema, bytes, key), storageId });
  return bytes;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function occupied(storageId: string): FaceHashError {
  const message = 'something else is stored under this storage id, which no model here has: was a backup restored?';
  return new FaceHashError('CONFLICT', { problems: [{ path: storageId, message }] });
}
