import { meanFacePoint } from './mean-face.js';
import type { Alignment, RgbImage } from './ports.js';
import { fitSimilarity, type Similarity } from './similarity.js';
import type { Landmarks, Point } from './types.js';

/** What dlib's descriptor network was trained on: the side of the chip, and the margin around the face as a fraction of the face. */
export const builtInAlignment: Alignment = { template: 'dlib', size: 150 };
const padding = 0.25;

/** dlib aligns by eyes, nose and upper lip; eyebrows (17-26) and lower lip (55-59, 65-67) move with the expression. */
const alignedBy = [...range(27, 54), ...range(60, 64)];

/** Landmarks, or means of several, and where they lie in a chip of a given size. */
interface Template {
  readonly landmarks: readonly (readonly number[])[];
  readonly places: (size: number) => readonly Point[];
}

const templates: Readonly<Record<Alignment['template'], Template>> = {
  dlib: {
    landmarks: alignedBy.map((index) => [index]),
    places: (size) =>
      alignedBy.map((index) => {
        const [x, y] = meanFacePoint(index);
        return [((padding + x) / (2 * padding + 1)) * size, ((padding + y) / (2 * padding + 1)) * size];
      }),
  },
  arcface: {
    // The eye on the left of the picture, the one on the right, the tip of the nose, the corners of the mouth.
    landmarks: [range(36, 41), range(42, 47), [30], [48], [54]],
    places: (size) => fivePoints.map(([x, y]) => [(x * size) / FIVE_POINTS_SIZE, (y * size) / FIVE_POINTS_SIZE]),
  },
};

/** Source: InsightFace, `arcface_dst` in python-package/insightface/utils/face_align.py, for a chip of 112 x 112. */
const FIVE_POINTS_SIZE = 112;
const fivePoints: readonly Point[] = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];

/** Takes pixels of the chip to pixels of the picture. Throws a RangeError when landmarks are missing. */
export function chipToPicture(landmarks: Landmarks, { template, size }: Alignment = builtInAlignment): Similarity {
  const { landmarks: groups, places } = templates[template];
  const seen = groups.map((group) =>
    meanPoint(
      group.map((index) => {
        const point = landmarks[index];
        if (!point) throw new RangeError(`landmark ${index} is missing`);
        return point;
      }),
    ),
  );
  return fitSimilarity(places(size), seen);
}

function meanPoint(points: readonly Point[]): Point {
  const mean = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  return [mean(0), mean(1)];
}

/** The upright face of these landmarks; black where it reaches beyond the picture. */
export function alignedChip(picture: RgbImage, landmarks: Landmarks, alignment: Alignment = builtInAlignment): RgbImage {
  return warp(picture, chipToPicture(landmarks, alignment), alignment.size);
}

/**
 * Bilinear sampling. Where one pixel of the chip covers several of the picture (a face larger than the chip) it averages a grid of samples
 * instead, because a single one would be noise: dlib halves such pictures first, to the same end.
 */
export function warp(picture: RgbImage, { a, b, tx, ty }: Similarity, size: number): RgbImage {
  const grid = Math.min(samplesPerSideMax, Math.max(1, Math.round(Math.hypot(a, b))));
  const sums = new Float32Array(size * size * 3);
  for (let i = 0; i < grid * grid; i++) {
    const dx = ((i % grid) + 0.5) / grid - 0.5;
    const dy = (Math.floor(i / grid) + 0.5) / grid - 0.5;
    addSamples(picture, { a, b, tx: a * dx - b * dy + tx, ty: b * dx + a * dy + ty }, { sums, size });
  }
  const data = new Uint8Array(sums.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.round((sums[i] ?? 0) / (grid * grid));
  return { data, width: size, height: size };
}

/** A face of 150 x 8 pixels in width fills most of the largest working picture. */
const samplesPerSideMax = 8;

interface Sums {
  readonly sums: Float32Array;
  readonly size: number;
}

/** Adds, for each pixel of the chip, the colour between the four pixels of the picture around its place. Runs for every photo. */
function addSamples(picture: RgbImage, { a, b, tx, ty }: Similarity, { sums, size }: Sums): void {
  const { data, width, height } = picture;
  const stride = 3 * width;
  for (let row = 0, at = 0; row < size; row++) {
    for (let column = 0; column < size; column++, at += 3) {
      const x = a * column - b * row + tx;
      const y = b * column + a * row + ty;
      const left = Math.floor(x);
      const top = Math.floor(y);
      if (!within(left, width - 1) || !within(top, height - 1)) {
        addAtEdge(picture, { x, y }, { sums, at });
        continue;
      }
      const upper = top * stride + 3 * left;
      for (let channel = 0; channel < 3; channel++) {
        const above = mix(data[upper + channel], data[upper + channel + 3], x - left);
        const below = mix(data[upper + stride + channel], data[upper + stride + channel + 3], x - left);
        sums[at + channel] = mix(above, below, y - top) + (sums[at + channel] ?? 0);
      }
    }
  }
}

/** The same where some of the four pixels lie beyond the picture: they are black. */
function addAtEdge(
  { data, width, height }: RgbImage,
  { x, y }: { readonly x: number; readonly y: number },
  { sums, at }: { readonly sums: Float32Array; readonly at: number },
): void {
  for (let corner = 0; corner < 4; corner++) {
    const column = Math.floor(x) + (corner & 1);
    const row = Math.floor(y) + (corner >> 1);
    if (!within(column, width) || !within(row, height)) continue;
    const weight = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
    const from = (row * width + column) * 3;
    for (let channel = 0; channel < 3; channel++) sums[at + channel] = (sums[at + channel] ?? 0) + weight * (data[from + channel] ?? 0);
  }
}

function mix(a = 0, b = 0, part: number): number {
  return a + (b - a) * part;
}

function within(at: number, size: number): boolean {
  return at >= 0 && at < size;
}

/** The picture as a mirror shows it. */
export function mirrored({ data, width, height }: RgbImage): RgbImage {
  const flipped = new Uint8Array(data.length);
  for (let row = 0, from = 0; row < height; row++) {
    let to = (row + 1) * width * 3 - 3;
    for (let column = 0; column < width; column++, from += 3, to -= 3) {
      flipped[to] = data[from] ?? 0;
      flipped[to + 1] = data[from + 1] ?? 0;
      flipped[to + 2] = data[from + 2] ?? 0;
    }
  }
  return { data: flipped, width, height };
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
