import { alignedChip } from './chip.js';
import { describeChip } from './descriptor.js';
import { greyOf } from './image.js';
import type { DescriptorNetwork, FaceDetector, GreyImage, LandmarkNetwork, RgbImage } from './ports.js';
import { measureQuality } from './quality.js';
import type { Analysis, AnalyseOptions, Box, Descriptor, DetectedFace, Landmarks } from './types.js';

/** What a face goes through, stage by stage. */
export interface VisionParts {
  readonly haar: FaceDetector<GreyImage>;
  readonly tiny: FaceDetector<RgbImage>;
  readonly ssd: FaceDetector<RgbImage>;
  readonly landmarks: LandmarkNetwork;
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
    const described = options.descriptors && (options.faces === 'all' || faces.length === 0);
    const full = fullSize(picture);
    const imageBox = inside(full.box(box), width, height);
    faces.push({
      box: imageBox,
      confidence,
      detector,
      landmarks: full.landmarks(landmarks),
      quality: measureQuality(imageBox, chip),
      ...(described ? { descriptor: await describeChip(parts.descriptor, chip) } : {}),
    });
  }
  return { readable: true, width, height, faces };
}

/** The descriptor of the face with these landmarks, given in pixels of the upright image. */
export async function describeFace(picture: UprightPicture, network: DescriptorNetwork, landmarks: Landmarks): Promise<Descriptor> {
  const { rgb, width, height } = picture;
  const working = landmarks.map(([x, y]) => [(x * rgb.width) / width, (y * rgb.height) / height] as const);
  return describeChip(network, alignedChip(rgb, working));
}

interface Found {
  readonly box: Box;
  readonly confidence: number;
  readonly detector: DetectedFace['detector'];
}

/**
 * The cheapest detector first; the next one only where it saw nobody. For `all`, the cascade is followed by SSD at once: the tiny detector
 * works on a picture too small for the small faces of a frame.
 */
async function detect(rgb: RgbImage, { haar, tiny, ssd }: VisionParts, options: AnalyseOptions): Promise<readonly Found[]> {
  const seen = named('haar', await haar.detect(greyOf(rgb), options));
  if (seen.length > 0) return seen;
  for (const detector of options.faces === 'largest' ? [tiny, ssd] : [ssd]) {
    const faces = named(detector.name, await detector.detect(rgb, options));
    if (faces.length > 0) return faces;
  }
  return [];
}

function named(detector: Found['detector'], faces: readonly Omit<Found, 'detector'>[]): readonly Found[] {
  return faces.map(({ box, confidence }) => ({ box, confidence, detector }));
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
