import { encodeDocument, layout, type RunSpec, type VersionManifest } from '@facehash/artifacts';
import { sha256Hex } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import { readManifest, readPart, readStored, withDigest, writeDerived, type Stored } from './stored.js';

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
  const stored = await readManifest(objects, manifest, signal);
  if (await isWhole(stored, { ...manifest, digest: manifest.samples.digest }, objects, signal)) return;
  // A manifest that cannot be used is replaced: the same inputs make the same name, so nothing else would ever heal it.
  const replaces = stored.state === 'sound' ? 'corrupt' : stored.state;
  await writeDerived(objects, { key, bytes: encodeDocument(manifest), replaces }, signal);
}

type Inputs = Pick<RunSpec, 'storageId' | 'version' | 'pipeline'> & { readonly digest: string };

/** Whether the version of a run is in the store already, whole and of the same inputs. */
export async function isPublished(inputs: Inputs, objects: ObjectStore, signal: AbortSignal): Promise<boolean> {
  return isWhole(await readManifest(objects, inputs, signal), inputs, objects, signal);
}

async function isWhole(
  stored: Stored<VersionManifest>,
  { storageId, version, pipeline, digest }: Inputs,
  objects: ObjectStore,
  signal: AbortSignal,
): Promise<boolean> {
  if (stored.state !== 'sound') return false;
  const manifest = stored.value;
  const ofThisRun = manifest.version === version && manifest.storageId === storageId;
  if (!ofThisRun || manifest.pipeline !== pipeline || manifest.samples.digest !== digest) return false;
  for (const { name } of manifest.parts) {
    const part = await readPart(objects, { manifest, name }, signal);
    if (part.state !== 'sound') return false;
  }
  return true;
}
