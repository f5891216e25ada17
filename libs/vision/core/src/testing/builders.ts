import { seededRandom } from '@facehash/kernel';
import { meanFacePoint } from '../mean-face.js';
import { builtIn } from '../pipeline.js';
import { LANDMARK_COUNT, type Analysis, type Box, type Descriptor, type DetectedFace, type Landmarks, type Point } from '../types.js';

type ReadableAnalysis = Extract<Analysis, { readable: true }>;

/** A unit vector. Equal seeds give equal descriptors; different ones are nearly orthogonal, as those of different people should be. */
export function aDescriptor(seed = 1): Descriptor {
  const random = seededRandom(seed);
  const values = Float32Array.from({ length: builtIn.descriptorLength }, () => random.next() + random.next() - 1);
  return unit(values);
}

/** Another photo of the same face: `descriptor` moved by about `distance` in a direction that `seed` picks. */
export function aDescriptorNear(descriptor: Descriptor, distance: number, seed = 1): Descriptor {
  const direction = aDescriptor(seed);
  return unit(descriptor.map((value, i) => value + distance * (direction[i] ?? 0)));
}

/** The mean face in a box, upright and seen from the front. */
export function someLandmarks({ x, y, width, height }: Box = { x: 60, y: 60, width: 120, height: 120 }): Landmarks {
  return Array.from({ length: LANDMARK_COUNT }, (_, i): Point => {
    const [px, py] = i < outlineLandmarks ? outlinePoint(i) : meanFacePoint(i);
    return [x + px * width, y + py * height];
  });
}

/** A face as the cascade finds it, with descriptor 1. */
export function aFace(overrides: Partial<DetectedFace> = {}): DetectedFace {
  const box = overrides.box ?? { x: 60, y: 60, width: 120, height: 120 };
  return {
    box,
    confidence: 1,
    detector: 'haar',
    landmarks: someLandmarks(box),
    quality: { sizePx: Math.min(box.width, box.height), sharpness: 200, brightness: 120, turn: 0.1 },
    descriptor: aDescriptor(),
    ...overrides,
  };
}

/** A readable image of 250 x 250 pixels with one face. */
export function anAnalysis(overrides: Partial<ReadableAnalysis> = {}): ReadableAnalysis {
  return { readable: true, width: 250, height: 250, faces: [aFace()], ...overrides };
}

const outlineLandmarks = 17;

/** dlib's mean face has no outline: a half ellipse from temple to temple will do. */
function outlinePoint(index: number): Point {
  const angle = (Math.PI * index) / (outlineLandmarks - 1);
  return [0.49 - 0.62 * Math.cos(angle), 0.15 + 1.05 * Math.sin(angle)];
}

function unit(values: Float32Array): Float32Array {
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}
