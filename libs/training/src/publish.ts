import { encodeDocument, layout, type RunSpec, type VersionManifest } from '@facehash/artifacts';
import { FaceHashError, sha256Hex } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import { readManifest, readPart, readStored, withDigest, writeDerived } from './stored.js';

export interface Version {
  /** By the names that the manifest lists. */
  readonly parts: Readonly<Record<string, Uint8Array>>;
  readonly manifest: Omit<VersionManifest, 'parts'>;
}

/** Stores the parts, then the manifest. Where another run of the same inputs was faster, its version stands and is checked. */
export async function publish(version: Version, objects: ObjectStore, signal: AbortSignal): Promise<void> {
  const { storageId } = version.manifest;
  const parts: { name: string; sha256: string; sizeBytes: number }[] = [];
  for (const [name, bytes] of Object.entries(version.parts)) {
    const sha256 = sha256Hex(bytes);
    const key = layout.part(storageId, sha256);
    const stored = await readStored(objects, { key, decode: withDigest(sha256) }, signal);
    if (stored.state !== 'sound') await writeDerived(objects, { key, bytes, replaces: stored.state }, signal);
    parts.push({ name, sha256, sizeBytes: bytes.length });
  }
  const manifest: VersionManifest = { ...version.manifest, parts };
  const key = layout.manifest(storageId, manifest.version);
  if ((await objects.create(key, encodeDocument(manifest), signal)) === 'created') return;
  await isPublished({ ...manifest, digest: manifest.samples.digest }, objects, signal);
}

/**
 * Whether the version of a run is in the store already, whole and of the same inputs. Rejects with ARTIFACT_CORRUPT when its manifest
 * is there, but it or a part is not what it should be: the same inputs make the same name, so no run can get past it.
 */
export async function isPublished(
  { storageId, version, pipeline, digest }: Pick<RunSpec, 'storageId' | 'version' | 'pipeline'> & { readonly digest: string },
  objects: ObjectStore,
  signal: AbortSignal,
): Promise<boolean> {
  const stored = await readManifest(objects, { storageId, version }, signal);
  if (stored.state === 'missing') return false;
  const corrupt = (detail: string) => new FaceHashError('ARTIFACT_CORRUPT', { version, detail });
  if (stored.state !== 'sound') throw corrupt('the stored manifest cannot be read');
  const manifest = stored.value;
  const same =
    manifest.version === version &&
    manifest.storageId === storageId &&
    manifest.pipeline === pipeline &&
    manifest.samples.digest === digest;
  if (!same) throw corrupt('the stored manifest is of other inputs');
  for (const { name } of manifest.parts) {
    const part = await readPart(objects, { manifest, name }, signal);
    if (part.state !== 'sound') throw corrupt(`${name} of the stored version is ${part.state}`);
  }
  return true;
}
