import {
  decodeDocument,
  layout,
  photosDigest,
  samplesDigest,
  snapshotSchema,
  versionName,
  type RunSpec,
  type Snapshot,
} from '@facehash/artifacts';
import { FaceHashError } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import type { Pipeline } from '@facehash/vision-core';

/** Reads the snapshot of a run. Rejects with ARTIFACT_CORRUPT when it is not there or not what its key says. */
export async function readSnapshot(run: RunSpec, objects: ObjectStore, signal: AbortSignal): Promise<Snapshot> {
  const key = layout.samples(run.storageId, run.snapshot);
  const object = await objects.read(key, signal);
  if (!object) throw new FaceHashError('ARTIFACT_CORRUPT', { missing: key, detail: 'the snapshot is missing' });
  const snapshot = decodeDocument(snapshotSchema, object.bytes, key);
  if (snapshot.storageId !== run.storageId || snapshot.counter !== run.snapshot) {
    throw new FaceHashError('ARTIFACT_CORRUPT', { key, detail: 'the snapshot is of another model or another counter' });
  }
  return snapshot;
}

/** What is wrong with a run that asks for something else than its inputs make. */
export function inputProblem(run: RunSpec, snapshot: Snapshot, { id }: Pipeline): string | undefined {
  if (run.pipeline !== id) return `the run asks for pipeline ${run.pipeline}, this trainer has ${id}`;
  const { hyperparameters, pipeline, quarantined } = run;
  const made = versionName({ samplesDigest: samplesDigest(snapshot), hyperparameters, pipeline, quarantined });
  return made === run.version ? undefined : `the run asks for version ${run.version}, its inputs make ${made}`;
}

/** The snapshot without the quarantined; whoever got other photos since is back in it. */
export function withoutQuarantined(snapshot: Snapshot, { quarantined }: Pick<RunSpec, 'quarantined'>): Snapshot {
  const out = new Map(quarantined.map(({ personId, photosDigest: digest }) => [personId, digest]));
  return { ...snapshot, people: snapshot.people.filter((person) => out.get(person.id) !== photosDigest(person)) };
}
