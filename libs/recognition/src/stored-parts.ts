import { layout, type VersionManifest } from '@facehash/artifacts';
import { FaceHashError, sha256Hex } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';

/** Checked against its digest. Rejects with ARTIFACT_CORRUPT when it is missing or another one. */
export async function readPart(objects: ObjectStore, manifest: VersionManifest, name: string, signal: AbortSignal): Promise<Uint8Array> {
  const part = manifest.parts.find((p) => p.name === name);
  if (!part) throw new FaceHashError('ARTIFACT_CORRUPT', { part: name });
  const bytes = await existing(objects, layout.part(manifest.storageId, part.sha256), signal);
  if (sha256Hex(bytes) !== part.sha256) throw new FaceHashError('ARTIFACT_CORRUPT', { part: name });
  return bytes;
}

export async function existing(objects: ObjectStore, key: string, signal: AbortSignal): Promise<Uint8Array> {
  const object = await objects.read(key, signal);
  if (!object) throw new FaceHashError('ARTIFACT_CORRUPT', { missing: key });
  return object.bytes;
}
