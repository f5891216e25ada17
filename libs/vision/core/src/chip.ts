import { meanFacePoint } from './mean-face.js';
import type { RgbImage } from './ports.js';
import { fitSimilarity, type Similarity } from './similarity.js';
import type { Landmarks, Point } from './types.js';

/** Side of the aligned chip and the margin around the face as a fraction of the face: what dlib's descriptor network was trained on. */
export const CHIP_SIZE = 150;
const padding = 0.25;

/** dlib aligns by eyes, nose and upper lip; eyebrows (17-26) and lower lip (55-59, 65-67) move with the expression. */
const alignedBy = [...range(27, 54), ...range(60, 64)];
const places: readonly Point[] = alignedBy.map((index) => {
  const [x, y] = meanFacePoint(index);
  return [((padding + x) / (2 * padding + 1)) * CHIP_SIZE, ((padding + y) / (2 * padding + 1)) * CHIP_SIZE];
});

/** Takes pixels of the chip to pixels of the picture. Throws a RangeError when landmarks are missing. */
export function chipToPicture(landmarks: Landmarks): Similarity {
  const seen = alignedBy.map((index): Point => {
    const point = landmarks[index];
    if (!point) throw new RangeError(`landmark ${index} is missing`);
    return point;
  });
  return fitSimilarity(places, seen);
}

/** The upright face of these landmarks, 150 x 150 pixels; black where it reaches beyond the picture. */
export function alignedChip(picture: RgbImage, landmarks: Landmarks): RgbImage {
  return warp(picture, chipToPicture(landmarks), CHIP_SIZE);
}

/**
 * Bilinear sampling. Where one pixel of the chip covers several of the picture (a face larger than the chip) it averages a grid of samples
 * instead, because a single one would be noise: dlib halves such pictures first, to the same end.
 */
export function warp(picture: RgbImage, { a, b, tx, ty }: Similarity, size: number): RgbImage {
  const grid = Math.min(samplesPerSideMax, Math.max(1, Math.round(Math.hypot(a, b))));
  const offsets = Array.from({ length: grid }, (_, i) => (i + 0.5) / grid - 0.5);
  const data = new Uint8Array(size * size * 3);
  const colour = new Colour(picture);
  let at = 0;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++, at += 3) {
      colour.clear();
      for (const dy of offsets) {
        for (const dx of offsets) {
          const x = column + dx;
          const y = row + dy;
          colour.add(a * x - b * y + tx, b * x + a * y + ty);
        }
      }
      colour.write(data, at, grid * grid);
    }
  }
  return { data, width: size, height: size };
}

/** A face of 150 x 8 pixels in width fills most of the largest working picture. */
const samplesPerSideMax = 8;

/** The sum of colours between pixels. One object for all pixels of a chip: this runs 22,500 times for a face, or many times that. */
class Colour {
  #red = 0;
  #green = 0;
  #blue = 0;

  constructor(private readonly picture: RgbImage) {}

  clear(): void {
    this.#red = this.#green = this.#blue = 0;
  }

  /** Adds the colour between the four pixels around (x, y). */
  add(x: number, y: number): void {
    const left = Math.floor(x);
    const top = Math.floor(y);
    const right = x - left;
    const below = y - top;
    this.#addPixel(left, top, (1 - right) * (1 - below));
    this.#addPixel(left + 1, top, right * (1 - below));
    this.#addPixel(left, top + 1, (1 - right) * below);
    this.#addPixel(left + 1, top + 1, right * below);
  }

  write(data: Uint8Array, at: number, samples: number): void {
    data[at] = Math.round(this.#red / samples);
    data[at + 1] = Math.round(this.#green / samples);
    data[at + 2] = Math.round(this.#blue / samples);
  }

  #addPixel(column: number, row: number, weight: number): void {
    const { data, width, height } = this.picture;
    if (column < 0 || row < 0 || column >= width || row >= height) return;
    const at = (row * width + column) * 3;
    this.#red += weight * (data[at] ?? 0);
    this.#green += weight * (data[at + 1] ?? 0);
    this.#blue += weight * (data[at + 2] ?? 0);
  }
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
