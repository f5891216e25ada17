import { alignedChip, builtInAlignment } from './chip.js';
import { describeChip } from './descriptor.js';
import { overlap } from './box.js';
import { cutOut, greyOf } from './image.js';
import type { CascadeDetector, DescriptorNetwork, FaceDetector, LandmarkNetwork, RgbImage } from './ports.js';
import { measureQuality } from './quality.js';
import { frame, type Analysis, type AnalyseOptions, type Box, type Descriptor, type DetectedFace, type Landmarks } from './types.js';

/** What a face goes through, stage by stage. */
export interface VisionParts {
  readonly haar: CascadeDetector;
  readonly tiny: FaceDetector<RgbImage>;
  readonly ssd: FaceDetector<RgbImage>;
  readonly landmarks: LandmarkNetwork;
  /** Of the pipeline that is asked for. */
  readonly descriptor: DescriptorNetwork;
}

/** A decoded image, upright. Very large ones are worked on in a smaller copy. */
export interface UprightPicture {
  /** The working copy: the whole image, at most as large as the image itself. */
  readonly rgb: RgbImage;
  /** Pixels of the upright image. */
  readonly width: number;
  readonly height: number;
}

/** Detection, landmarks, quality and, where asked for, descriptors. Everything in the answer is in pixels of the upright image. */
export async function analyseImage(picture: UprightPicture, parts: VisionParts, options: AnalyseOptions): Promise<Analysis> {
  const { width, height, rgb } = picture;
  const found = await detect(rgb, parts, options);
  const largestFirst = [...found].sort((one, other) => area(other.box) - area(one.box)).slice(0, options.maxFaces);
  const faces: DetectedFace[] = [];
  for (const { box, confidence, detector } of largestFirst) {
    const landmarks = await parts.landmarks.landmarks(rgb, square(box));
    const chip = alignedChip(rgb, landmarks);
    const described = options.descriptors !== null && (options.faces === 'all' || faces.length === 0);
    const full = fullSize(picture);
    const imageBox = inside(full.box(box), width, height);
    faces.push({
      box: imageBox,
      confidence,
      detector,
      landmarks: full.landmarks(landmarks),
      quality: measureQuality(imageBox, landmarks, chip),
      ...(described ? { descriptor: await describeChip(parts.descriptor, chipFor(parts.descriptor, rgb, { landmarks, chip })) } : {}),
    });
  }
  return { readable: true, width, height, faces };
}

/** The descriptor of the face with these landmarks, given in pixels of the upright image. */
export async function describeFace(picture: UprightPicture, network: DescriptorNetwork, landmarks: Landmarks): Promise<Descriptor> {
  const { rgb, width, height } = picture;
  const working = landmarks.map(([x, y]) => [(x * rgb.width) / width, (y * rgb.height) / height] as const);
  return describeChip(network, alignedChip(rgb, working, network.alignment));
}

/** The chip that quality was measured on, where the network wants the same. */
function chipFor(
  { alignment }: DescriptorNetwork,
  rgb: RgbImage,
  face: { readonly landmarks: Landmarks; readonly chip: RgbImage },
): RgbImage {
  const same = alignment.template === builtInAlignment.template && alignment.size === builtInAlignment.size;
  return same ? face.chip : alignedChip(rgb, face.landmarks, alignment);
}

interface Found {
  readonly box: Box;
  readonly confidence: number;
  readonly detector: DetectedFace['detector'];
}

/**
 * One subject: the cascade, which is cheap and sees badges and folds as faces, confirmed by the tiny network around each box where few windows
 * agree. Where that
 * leaves nobody, and for every face of a frame, SSD: it costs ten times as much and sees the turned and the small ones. It misses some close
 * faces that the tiny network sees, which therefore has the last word on a picture of one subject.
 */
async function detect(rgb: RgbImage, parts: VisionParts, options: AnalyseOptions): Promise<readonly Found[]> {
  const { tiny, ssd } = parts;
  const seen = options.faces === 'largest' ? await confirmed(rgb, parts, options) : [];
  const room = options.aloneFraction * Math.min(rgb.width, rgb.height);
  if (seen.some(({ box }) => Math.max(box.width, box.height) >= room)) return seen;
  // Without a large face there may be several small ones: all are seen, so that one of them is not taken for the only one.
  const minFaceFraction = Math.min(options.minFaceFraction, frame.minFaceFraction);
  const faces = named('ssd', await ssd.detect(rgb, { faces: 'all', minFaceFraction }));
  if (faces.length > 0 || options.faces === 'all') return faces;
  return seen.length > 0 ? seen : named('tiny', await tiny.detect(rgb, options));
}

/**
 * A single box that many windows saw is a face. Others are, where the tiny network agrees; where they overlap they are one face, and the one it
 * agrees with most is it.
 */
async function confirmed(rgb: RgbImage, { haar, tiny }: VisionParts, options: AnalyseOptions): Promise<readonly Found[]> {
  const boxes = await haar.detect(greyOf(rgb), options);
  const [only, ...others] = boxes;
  if (only && others.length === 0 && only.support >= sureSupport) {
    return [{ box: only.box, confidence: only.support / (only.support + 4), detector: 'haar' }];
  }
  const seen: (Found & { readonly agreement: number })[] = [];
  for (const { box } of boxes) {
    const { confidence, agreement } = await secondOpinion(rgb, box, tiny);
    if (agreement >= agreementMin) seen.push({ box, confidence, detector: 'haar', agreement });
  }
  const faces: Found[] = [];
  for (const { agreement: _, ...face } of seen.sort((one, other) => other.agreement - one.agreement)) {
    if (faces.every((kept) => overlap(kept.box, face.box) <= ofOneFace)) faces.push(face);
  }
  return faces;
}

function named(detector: Found['detector'], faces: readonly Omit<Found, 'detector'>[]): readonly Found[] {
  return faces.map(({ box, confidence }) => ({ box, confidence, detector }));
}

/**
 * Side of the surroundings that the tiny network sees, in sides of the box, and how much the two boxes must overlap. Measured on press
 * photos of 250 x 250: at 2.6 it confirms 413 of 414 faces, at 1.8 only 379.
 */
const surroundings = 2.6;
const agreementMin = 0.3;
/** Windows behind a box that stands alone: about nine of ten faces of press photos have as many, boxes that no network confirms mostly fewer. */
const sureSupport = 12;
const ofOneFace = 0.2;

/** The face that the tiny network sees nearest to this box: its score, and the overlap of the two boxes; both 0 when it sees none. */
async function secondOpinion(
  rgb: RgbImage,
  box: Box,
  tiny: FaceDetector<RgbImage>,
): Promise<{ readonly confidence: number; readonly agreement: number }> {
  const side = surroundings * Math.max(box.width, box.height);
  const cut = cutOut(rgb, { x: box.x + (box.width - side) / 2, y: box.y + (box.height - side) / 2, width: side, height: side });
  const here: Box = { ...box, x: box.x - cut.x, y: box.y - cut.y };
  const faces = await tiny.detect(cut.picture, { faces: 'largest', minFaceFraction: 1 / (2 * surroundings) });
  return faces
    .map((face) => ({ confidence: face.confidence, agreement: overlap(face.box, here) }))
    .reduce((best, face) => (face.agreement > best.agreement ? face : best), { confidence: 0, agreement: 0 });
}

function area({ width, height }: Box): number {
  return width * height;
}

/** The landmark network wants a square: the box around the same centre whose side is the longer one. */
function square({ x, y, width, height }: Box): Box {
  const side = Math.max(width, height);
  return { x: x + (width - side) / 2, y: y + (height - side) / 2, width: side, height: side };
}

/** From pixels of the working copy to pixels of the image. */
function fullSize({ rgb, width, height }: UprightPicture): { box(box: Box): Box; landmarks(landmarks: Landmarks): Landmarks } {
  const sx = width / rgb.width;
  const sy = height / rgb.height;
  return {
    box: (box) => ({ x: box.x * sx, y: box.y * sy, width: box.width * sx, height: box.height * sy }),
    landmarks: (landmarks) => landmarks.map(([x, y]) => [x * sx, y * sy]),
  };
}

/** The part of the box that lies in the image. */
function inside(box: Box, width: number, height: number): Box {
  const left = Math.min(Math.max(0, box.x), width);
  const top = Math.min(Math.max(0, box.y), height);
  const right = Math.min(Math.max(left, box.x + box.width), width);
  const bottom = Math.min(Math.max(top, box.y + box.height), height);
  return { x: left, y: top, width: right - left, height: bottom - top };
}
