import { decodeIfSound, layout, manifestSchema, type VersionManifest } from '@facehash/artifacts';
import { FaceHashError, Limiter } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import { readPart } from './stored-parts.js';

/** Manifests that are read at once for one list. */
const READS_AT_ONCE = 8;
/** What `versionName` gives, and whatever else may once have named a version: never a path. */
const plainName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** A version as its manifest tells of it. */
export type StoredVersion = Pick<
  VersionManifest,
  'version' | 'pipeline' | 'samples' | 'hyperparameters' | 'backend' | 'trainedAt' | 'run' | 'evaluation'
>;

export type ReportName = 'report.json' | 'report.html';

/** The versions that were trained for a model and are stored. Every call rejects with STORE_UNAVAILABLE when the store does not answer. */
export interface VersionHistory {
  /** Newest first. `after` is the `next` of the page before. */
  list(
    storageId: string,
    page: { readonly limit: number; readonly after?: string },
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly StoredVersion[]; readonly next: string | null }>;
  /** Rejects with VERSION_NOT_FOUND. */
  version(storageId: string, name: string, signal: AbortSignal): Promise<StoredVersion>;
  /** How good the version is. Rejects with VERSION_NOT_FOUND, and with NOT_FOUND for one that was trained before there were reports. */
  report(version: { readonly storageId: string; readonly name: string }, part: ReportName, signal: AbortSignal): Promise<Uint8Array>;
}

export function openVersionHistory(objects: ObjectStore): VersionHistory {
  /** Undefined for one that is not there or damaged: it cannot answer, so it is none. */
  const manifestOf = async (storageId: string, name: string, signal: AbortSignal): Promise<VersionManifest | undefined> => {
    const key = layout.manifest(storageId, name);
    const object = await objects.read(key, signal);
    return object && decodeIfSound(manifestSchema, object.bytes, key);
  };
  const existing = async (storageId: string, name: string, signal: AbortSignal): Promise<VersionManifest> => {
    const manifest = plainName.test(name) ? await manifestOf(storageId, name, signal) : undefined;
    if (!manifest) throw new FaceHashError('VERSION_NOT_FOUND');
    return manifest;
  };
  return {
    async list(storageId, { limit, after }, signal) {
      const reads = new Limiter(READS_AT_ONCE);
      const found: Promise<StoredVersion | undefined>[] = [];
      for (const name of await namesOf(objects, storageId, signal)) {
        found.push(reads.run(async () => summarised(await manifestOf(storageId, name, signal))));
      }
      const versions = (await Promise.all(found))
        .filter((version) => version !== undefined)
        .sort((a, b) => (placeOf(a) < placeOf(b) ? 1 : -1));
      const rest = after === undefined ? versions : versions.filter((version) => placeOf(version) < after);
      const items = rest.slice(0, limit);
      const last = items.at(-1);
      return { items, next: last && rest.length > items.length ? placeOf(last) : null };
    },
    version: async (storageId, name, signal) => trimmed(await existing(storageId, name, signal)),
    async report({ storageId, name }, part, signal) {
      const manifest = await existing(storageId, name, signal);
      if (!manifest.parts.some((p) => p.name === part)) throw new FaceHashError('NOT_FOUND', { part });
      return readPart(objects, manifest, part, signal);
    },
  };
}

async function namesOf(objects: ObjectStore, storageId: string, signal: AbortSignal): Promise<readonly string[]> {
  const prefix = layout.versions(storageId);
  const names = new Set<string>();
  for await (const { key } of objects.list(prefix, signal)) {
    const [name = '', file] = key.slice(prefix.length).split('/');
    if (file === 'manifest.json') names.add(name);
  }
  return [...names];
}

/** Sorts by time; the name tells apart what was trained in the same millisecond. */
function placeOf({ trainedAt, version }: StoredVersion): string {
  return `${trainedAt} ${version}`;
}

function summarised(manifest: VersionManifest | undefined): StoredVersion | undefined {
  return manifest && trimmed(manifest);
}

/** Without the lists of people and parts: a long history stays small in memory. */
function trimmed({ version, pipeline, samples, hyperparameters, backend, trainedAt, run, evaluation }: VersionManifest): StoredVersion {
  return { version, pipeline, samples, hyperparameters, backend, trainedAt, run, evaluation };
}
