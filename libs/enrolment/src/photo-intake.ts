import { encodeDocument, encodeFeatures, layout, type LandmarksStage } from '@facehash/artifacts';
import { hasCode, sha256Hex, type Clock } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import type { Person, Photo, PhotoToAdd, Registry } from '@facehash/registry-core';
import {
  enrolment,
  PIPELINE_ID,
  qualityProblem,
  ratios,
  type Analysis,
  type DetectedFace,
  type FaceAnalyser,
  type Pipeline,
} from '@facehash/vision-core';
import type { Checkpoint, OnCheckpoint } from './checkpoint.js';
import type { Owner } from './owner.js';
import type { Room } from './room.js';
import type { IncomingPhoto, PhotoResult } from './types.js';

/** A second face whose side is this share of the largest one's, or more, leaves open who is meant. */
const RIVAL_SIDE = 0.7;

export interface IntakeParts {
  readonly registry: Registry;
  readonly objects: ObjectStore;
  readonly analyser: FaceAnalyser;
  /** Versions are trained with it. */
  readonly pipeline: Pipeline;
  readonly clock: Clock;
  readonly checkpoint: OnCheckpoint;
  readonly room: Room;
  /** Called after a photo was counted. */
  readonly counted: (storageId: string) => void;
}

export interface Counted {
  readonly result: PhotoResult;
  readonly counter: number | null;
}

type Rejection = Extract<PhotoResult, { outcome: 'rejected' }>;

/**
 * Takes one photo in. The order is the promise: bytes and what was seen in them are durable before the row, the row before the counter,
 * the counter before the answer. Whatever was answered is therefore in every snapshot of that counter or a later one,
 * and a crash in between leaves something that the same photo, sent again, completes.
 */
export async function takeIn(parts: IntakeParts, owner: Owner, photo: IncomingPhoto, signal?: AbortSignal): Promise<Counted> {
  const sha256 = sha256Hex(photo.bytes);
  const held = await parts.registry.photosBySha256(owner.storageId, sha256, signal);
  const own = held.find((p) => p.personId === owner.known?.id);
  if (own) return accepted(parts, { index: photo.index, photo: own, outcome: 'duplicate' }, signal);
  if (held.length > 0 && !photo.force) return { result: ofOther(photo), counter: null };
  const { room } = parts;
  if (!room.take()) return { result: rejected(photo, 'LIMIT_REACHED', room.why), counter: null };
  let kept = false;
  try {
    const counted = await takeInNew(parts, { owner, photo, sha256 }, signal);
    kept = counted.result.outcome === 'accepted';
    return counted;
  } finally {
    if (!kept) room.giveBack();
  }
}

interface NewPhoto {
  readonly owner: Owner;
  readonly photo: IncomingPhoto;
  readonly sha256: string;
}

async function takeInNew(parts: IntakeParts, { owner, photo, sha256 }: NewPhoto, signal?: AbortSignal): Promise<Counted> {
  const analysis = await parts.analyser.analyse(photo.bytes, { ...enrolment, descriptors: parts.pipeline.id }, signal);
  const face = subject(photo, analysis);
  if ('outcome' in face) return { result: face, counter: null };
  parts.checkpoint('photo.analysed');
  const person = await owner.person();
  await store(parts, { person, photo, sha256, analysis: face }, signal);
  const row: Photo = {
    storageId: person.storageId,
    personId: person.id,
    sha256,
    sizeBytes: photo.bytes.length,
    addedAt: parts.clock.now().toISOString(),
    quality: face.face.quality,
  };
  const outcome = await addRow(parts, { ...row, shared: photo.force ?? false }, signal);
  // Somebody else's call with the same photo was faster.
  if (outcome === 'otherPerson') return { result: ofOther(photo), counter: null };
  if (outcome === 'beingRemoved') return { result: beingRemoved(photo), counter: null };
  parts.checkpoint('photo.row');
  return accepted(parts, { index: photo.index, photo: row, outcome: outcome === 'added' ? 'accepted' : 'duplicate' }, signal);
}

/** Somebody may be erased while their photo is being looked at: then it leaves nothing behind. */
async function addRow(
  { registry, objects, pipeline }: IntakeParts,
  row: PhotoToAdd,
  signal?: AbortSignal,
): ReturnType<Registry['addPhoto']> {
  try {
    return await registry.addPhoto(row, signal);
  } catch (error) {
    if (hasCode(error, 'PERSON_NOT_FOUND')) {
      await objects.remove(layout.features(row.storageId, pipeline.id, row.sha256), signal);
      await objects.remove(layout.landmarks(row.storageId, PIPELINE_ID, row.sha256), signal);
      await objects.remove(layout.photo(row.storageId, row.personId, row.sha256), signal);
    }
    throw error;
  }
}

function beingRemoved(photo: IncomingPhoto): Rejection {
  return rejected(photo, 'PHOTO_BEING_REMOVED', 'the same photo was removed a moment ago: send it again in a while');
}

function ofOther(photo: IncomingPhoto): Rejection {
  return rejected(photo, 'PHOTO_OF_OTHER_PERSON', 'the same photo is enrolled under another person; force takes it in all the same');
}

interface Subject {
  readonly face: DetectedFace;
  readonly width: number;
  readonly height: number;
}

/** The one face that is meant, or why the photo is not taken. */
function subject(photo: IncomingPhoto, analysis: Analysis): Subject | Rejection {
  if (!analysis.readable) return rejected(photo, analysis.problem, analysis.detail);
  const [face, rival] = analysis.faces;
  if (!face) return rejected(photo, 'FACE_NOT_FOUND', 'no face was found');
  if (rival && side(rival) >= RIVAL_SIDE * side(face)) {
    return rejected(
      photo,
      'FACES_TOO_MANY',
      `two faces of ${Math.round(side(face))} and ${Math.round(side(rival))} pixels: it is open who is meant`,
    );
  }
  const problem = qualityProblem(face.quality);
  return problem ? rejected(photo, 'QUALITY_TOO_LOW', problem.detail) : { face, width: analysis.width, height: analysis.height };
}

async function store(
  parts: IntakeParts,
  { person, photo, sha256, analysis }: Omit<NewPhoto, 'owner'> & { readonly person: Person; readonly analysis: Subject },
  signal?: AbortSignal,
): Promise<void> {
  const { storageId } = person;
  const { face, width, height } = analysis;
  const landmarks = face.landmarks.map(([x, y]): [number, number] => [x, y]);
  const stage: LandmarksStage = { v: 1, pipeline: PIPELINE_ID, sha256, width, height, box: face.box, landmarks, quality: face.quality };
  const put = async (key: string, bytes: Uint8Array, checkpoint: Checkpoint): Promise<void> => {
    await parts.objects.create(key, bytes, signal);
    parts.checkpoint(checkpoint);
  };
  // First, as the erasure of the person finds by it what was left of a photo without a row.
  await put(layout.photo(storageId, person.id, sha256), photo.bytes, 'photo.stored');
  // A store takes tens of milliseconds for each, and neither needs the other. Both have ended before the photo's bytes are given back.
  const ends = await Promise.allSettled([
    put(layout.landmarks(storageId, PIPELINE_ID, sha256), encodeDocument(stage), 'photo.landmarks'),
    // The picture is decoded and its face found: a run that finds its features has neither to do again, nor a worker to start.
    face.descriptor &&
      put(
        layout.features(storageId, parts.pipeline.id, sha256),
        encodeFeatures({ descriptor: face.descriptor, ratios: ratios(landmarks) }),
        'photo.features',
      ),
  ]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** A duplicate bumps the counter, too: whoever sent it waits for a snapshot that holds it, and there may be none yet. */
async function accepted(
  parts: IntakeParts,
  { index, photo, outcome }: { readonly index: number; readonly photo: Photo; readonly outcome: 'accepted' | 'duplicate' },
  signal?: AbortSignal,
): Promise<Counted> {
  const counter = await parts.registry.bumpCounter(photo.storageId, signal);
  parts.checkpoint('photo.counted');
  parts.counted(photo.storageId);
  return { result: { index, outcome, photoId: photo.sha256, quality: photo.quality }, counter };
}

export function rejected(photo: Pick<IncomingPhoto, 'index'>, code: Rejection['code'], detail: string): Rejection {
  return { index: photo.index, outcome: 'rejected', code, detail };
}

function side({ box }: DetectedFace): number {
  return Math.max(box.width, box.height);
}

/** A worker that died over a photo says so; for enrolment that is one rejected photo among others. */
export function asRejection(photo: IncomingPhoto, error: unknown): Rejection | undefined {
  return hasCode(error, 'IMAGE_UNREADABLE') ? rejected(photo, 'IMAGE_UNREADABLE', 'the image could not be decoded') : undefined;
}
