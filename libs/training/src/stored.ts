import { decodeDocument, layout, manifestSchema, type VersionManifest } from '@facehash/artifacts';
import { FaceHashError, hasCode, sha256Hex } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';

/** What became of reading something that may be absent or damaged. */
export type Stored<T> = { readonly state: 'sound'; readonly value: T } | { readonly state: 'missing' | 'corrupt' };

/** Reads and decodes; what `decode` or the store calls corrupt is told apart from what is not there. */
export async function readStored<T>(
  objects: ObjectStore,
  { key, decode }: { readonly key: string; readonly decode: (bytes: Uint8Array, key: string) => T },
  signal: AbortSignal,
): Promise<Stored<T>> {
  try {
    const object = await objects.read(key, signal);
    return object ? { state: 'sound', value: decode(object.bytes, key) } : { state: 'missing' };
  } catch (error) {
    if (hasCode(error, 'ARTIFACT_CORRUPT')) return { state: 'corrupt' };
    throw error;
  }
}

/** For `readStored`: bytes that must have this digest. */
export function withDigest(sha256: string): (bytes: Uint8Array, key: string) => Uint8Array {
  return (bytes, key) => {
    if (sha256Hex(bytes) !== sha256) throw new FaceHashError('ARTIFACT_CORRUPT', { key });
    return bytes;
  };
}

/** Writes an object that follows from its key, so that a damaged one may be replaced. */
export async function writeDerived(
  objects: ObjectStore,
  { key, bytes, replaces }: { readonly key: string; readonly bytes: Uint8Array; readonly replaces: Stored<unknown>['state'] },
  signal: AbortSignal,
): Promise<void> {
  if (replaces === 'corrupt') await objects.remove(key, signal);
  await objects.create(key, bytes, signal);
}

export async function readManifest(
  objects: ObjectStore,
  { storageId, version }: { readonly storageId: string; readonly version: string },
  signal: AbortSignal,
): Promise<Stored<VersionManifest>> {
  const decode = (bytes: Uint8Array, key: string) => decodeDocument(manifestSchema, bytes, key);
  return readStored(objects, { key: layout.manifest(storageId, version), decode }, signal);
}

/** A part of a version by its name; anything but sound when the manifest does not list it. */
export async function readPart(
  objects: ObjectStore,
  { manifest, name }: { readonly manifest: VersionManifest; readonly name: string },
  signal: AbortSignal,
): Promise<Stored<Uint8Array>> {
  const part = manifest.parts.find((p) => p.name === name);
  if (!part) return { state: 'missing' };
  return readStored(objects, { key: layout.part(manifest.storageId, part.sha256), decode: withDigest(part.sha256) }, signal);
}
