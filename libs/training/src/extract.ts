import {
  decodeDocument,
  decodeFeatures,
  encodeDocument,
  encodeFeatures,
  landmarksSchema,
  layout,
  type Features,
  type LandmarksStage,
  type RunReport,
  type Snapshot,
} from '@facehash/artifacts';
import type { TrainingSample } from '@facehash/classifier-core';
import { FaceHashError } from '@facehash/kernel';
import { enrolment, PIPELINE_ID, RATIO_NAMES, ratios, type Landmarks, type Pipeline } from '@facehash/vision-core';
import { readStored, withDigest, writeDerived, type Stored } from './stored.js';
import type { TrainingPorts } from './types.js';

interface PhotoRef {
  readonly storageId: string;
  readonly personId: string;
  readonly sha256: string;
}

type Extracted =
  { readonly kind: 'reused' | 'described'; readonly features: Features } | { readonly kind: 'skipped'; readonly why: string };

export interface ExtractOptions {
  readonly signal: AbortSignal;
  readonly photosAtOnce: number;
  readonly onProgress: (done: number) => void;
}

export interface Extraction {
  /** In the order of the snapshot, whatever order the photos were ready in. */
  readonly samples: readonly TrainingSample[];
  readonly counts: NonNullable<RunReport['samples']>;
}

const SKIPPED_LISTED_MAX = 100;

/** Descriptor and ratios of every photo: as stored by an earlier run, else computed and stored. A photo that cannot be used is left out. */
export async function extract(snapshot: Snapshot, ports: TrainingPorts, options: ExtractOptions): Promise<Extraction> {
  const { storageId } = snapshot;
  const photos = snapshot.people.flatMap(({ id, photos }) => photos.map((sha256): PhotoRef => ({ storageId, personId: id, sha256 })));
  const extracted = new Map<PhotoRef, Extracted>();
  await eachAtMost(options.photosAtOnce, photos, async (photo) => {
    options.signal.throwIfAborted();
    const found = await featuresOf(photo, ports, options.signal);
    if (found.kind === 'skipped') ports.logger.warn('photo skipped', { personId: photo.personId, photo: photo.sha256, why: found.why });
    extracted.set(photo, found);
    options.onProgress(extracted.size / photos.length);
  });
  return summary(snapshot, photos, extracted);
}

function summary(snapshot: Snapshot, photos: readonly PhotoRef[], extracted: ReadonlyMap<PhotoRef, Extracted>): Extraction {
  const samples: TrainingSample[] = [];
  const skipped: { photo: string; personId: string; why: string }[] = [];
  for (const photo of photos) {
    const found = extracted.get(photo);
    const { personId, sha256 } = photo;
    if (found?.kind === 'skipped') skipped.push({ photo: sha256, personId, why: found.why });
    else if (found) samples.push({ personId, photo: sha256, ...found.features });
  }
  const used = new Set(samples.map((s) => s.personId));
  const kinds = [...extracted.values()].map((e) => e.kind);
  const counts = {
    people: used.size,
    peopleLeftOut: snapshot.people.map((p) => p.id).filter((id) => !used.has(id)),
    photos: samples.length,
    photosReused: kinds.filter((kind) => kind === 'reused').length,
    photosDescribed: kinds.filter((kind) => kind === 'described').length,
    photosSkipped: skipped.slice(0, SKIPPED_LISTED_MAX),
    photosSkippedCount: skipped.length,
  };
  return { samples, counts };
}

async function featuresOf(photo: PhotoRef, { objects, analyser, pipeline }: TrainingPorts, signal: AbortSignal): Promise<Extracted> {
  const key = layout.features(photo.storageId, pipeline.id, photo.sha256);
  const stored = await readStored(objects, { key, decode: featuresOfPipeline(pipeline) }, signal);
  if (stored.state === 'sound') return { kind: 'reused', features: stored.value };
  const photoKey = layout.photo(photo.storageId, photo.personId, photo.sha256);
  const bytes = await readStored(objects, { key: photoKey, decode: withDigest(photo.sha256) }, signal);
  if (bytes.state !== 'sound')
    return { kind: 'skipped', why: bytes.state === 'missing' ? 'its bytes are missing' : 'its bytes are corrupt' };
  try {
    const landmarks = await landmarksOf(photo, bytes.value, { objects, analyser, signal });
    if (!landmarks) return { kind: 'skipped', why: 'no face was found in it' };
    const descriptor = await analyser.describe(bytes.value, landmarks, pipeline.id, signal);
    const features = { descriptor, ratios: ratios(landmarks) };
    await writeDerived(objects, { key, bytes: encodeFeatures(features), replaces: stored.state }, signal);
    return { kind: 'described', features };
  } catch (error) {
    if (error instanceof FaceHashError && imageTrouble.has(error.code)) return { kind: 'skipped', why: error.message };
    throw error;
  }
}

const imageTrouble: ReadonlySet<string> = new Set(['IMAGE_UNREADABLE', 'IMAGE_TOO_LARGE', 'IMAGE_TOO_SMALL']);

function featuresOfPipeline({ descriptorLength }: Pipeline): (bytes: Uint8Array, key: string) => Features {
  return (bytes, key) => {
    const features = decodeFeatures(bytes, key);
    const fits = features.descriptor.length === descriptorLength && features.ratios.length === RATIO_NAMES.length;
    if (!fits) throw new FaceHashError('ARTIFACT_CORRUPT', { key, problem: 'other lengths than the pipeline’s' });
    return features;
  };
}

/** As enrolment stored them, under the built-in pipeline whichever network describes the face; looked for again in the photo when they are missing or damaged. */
async function landmarksOf(
  photo: PhotoRef,
  bytes: Uint8Array,
  { objects, analyser, signal }: Pick<TrainingPorts, 'objects' | 'analyser'> & { readonly signal: AbortSignal },
): Promise<Landmarks | undefined> {
  const key = layout.landmarks(photo.storageId, PIPELINE_ID, photo.sha256);
  const stored: Stored<LandmarksStage> = await readStored(objects, { key, decode: landmarksOfPhoto(photo.sha256) }, signal);
  if (stored.state === 'sound') return stored.value.landmarks;
  const analysis = await analyser.analyse(bytes, enrolment, signal);
  if (!analysis.readable) throw new FaceHashError(analysis.problem, { detail: analysis.detail });
  const [face] = analysis.faces;
  if (!face) return undefined;
  const { width, height } = analysis;
  const { box, quality } = face;
  const landmarks = face.landmarks.map(([x, y]): [number, number] => [x, y]);
  const document: LandmarksStage = { v: 1, pipeline: PIPELINE_ID, sha256: photo.sha256, width, height, box, landmarks, quality };
  await writeDerived(objects, { key, bytes: encodeDocument(document), replaces: stored.state }, signal);
  return landmarks;
}

function landmarksOfPhoto(sha256: string): (bytes: Uint8Array, key: string) => LandmarksStage {
  return (bytes, key) => {
    const document = decodeDocument(landmarksSchema, bytes, key);
    if (document.sha256 !== sha256 || document.pipeline !== PIPELINE_ID) throw new FaceHashError('ARTIFACT_CORRUPT', { key });
    return document;
  };
}

/** At most `limit` at once, in order. The first failure stops the rest from starting and is thrown when those under way have ended. */
async function eachAtMost<T>(limit: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  let failed = false;
  const worker = async () => {
    for (const item of queue) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
