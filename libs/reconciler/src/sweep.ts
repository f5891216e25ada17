import { decodeIfSound, layout, manifestSchema, type VersionManifest } from '@facehash/artifacts';
import type { Keep } from '@facehash/lifecycle';
import type { ObjectStore } from '@facehash/object-store-core';

interface Model {
  readonly objects: ObjectStore;
  readonly storageId: string;
  /** Rejects once another controller may have begun something: asked before each removal. */
  readonly stillOurs: (signal: AbortSignal) => Promise<void>;
}

/**
 * Removes what of a model is not to be kept: versions, parts that no version names, snapshots, reports of runs. A version's manifest goes
 * first, so none that exists lacks a part. Safe to repeat; what it was interrupted in, the next one ends. No run may be under way.
 *
 * Whoever is stopped in the middle of it and goes on beside a successor must not take that one's work away. So parts are listed before the
 * manifests that name them, and nothing is removed before it is asked again whether there is a successor: what was listed is then older
 * than that one's first run.
 */
export async function sweep(model: Model, keep: Keep, signal: AbortSignal): Promise<void> {
  const stored = await keysBelow(model, layout.parts(model.storageId), signal);
  const parts = await sweepVersions(model, keep, signal);
  const orphans = stored.filter((key) => !parts.has(firstSegment(key, layout.parts(model.storageId))));
  for (const key of orphans) await removeOurs(model, key, signal);
  await removeWhere(model, layout.allSamples(model.storageId), (name) => olderSnapshot(name, keep.snapshotsFrom), signal);
  await removeWhere(model, layout.runs(model.storageId), (run) => !keep.reports.some((version) => run.startsWith(`${version}-`)), signal);
}

/** The digests of the parts that stay. */
async function sweepVersions(model: Model, keep: Keep, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const { objects, storageId } = model;
  const stored: (readonly [key: string, manifest: VersionManifest | undefined])[] = [];
  for await (const { key } of objects.list(layout.versions(storageId), signal)) {
    const object = await objects.read(key, signal);
    stored.push([key, object && decodeIfSound(manifestSchema, object.bytes, key)]);
  }
  const sound = stored.flatMap(([, manifest]) => manifest ?? []);
  const staying = versionsThatStay(sound, keep);
  // A damaged manifest tells of nothing that could be kept.
  for (const [key, manifest] of stored) if (!manifest || !staying.has(manifest.version)) await removeOurs(model, key, signal);
  return new Set(sound.filter((m) => staying.has(m.version)).flatMap((m) => m.parts.map((part) => part.sha256)));
}

function versionsThatStay(stored: readonly VersionManifest[], keep: Keep): ReadonlySet<string> {
  const allowed = stored.filter((m) => !m.people.some((id) => keep.without.includes(id)));
  const named = allowed.filter((m) => keep.versions.includes(m.version));
  const others = allowed.filter((m) => !keep.versions.includes(m.version)).sort((a, b) => (a.trainedAt < b.trainedAt ? 1 : -1));
  return new Set([...named, ...others.slice(0, keep.others)].map((m) => m.version));
}

function olderSnapshot(name: string, from: number): boolean {
  const counter = /^(\d+)\.json$/.exec(name)?.[1];
  return counter !== undefined && Number(counter) < from;
}

/** `goes` is asked with the first segment of the key after `prefix`. */
async function removeWhere(model: Model, prefix: string, goes: (name: string) => boolean, signal: AbortSignal): Promise<void> {
  const keys = await keysBelow(model, prefix, signal);
  for (const key of keys) if (goes(firstSegment(key, prefix))) await removeOurs(model, key, signal);
}

async function removeOurs({ objects, stillOurs }: Model, key: string, signal: AbortSignal): Promise<void> {
  await stillOurs(signal);
  await objects.remove(key, signal);
}

async function keysBelow({ objects }: Model, prefix: string, signal: AbortSignal): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of objects.list(prefix, signal)) keys.push(key);
  return keys;
}

function firstSegment(key: string, prefix: string): string {
  return key.slice(prefix.length).split('/')[0] ?? '';
}
