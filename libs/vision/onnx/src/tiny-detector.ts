import type { AnalyseOptions, FaceDetector, RgbImage } from '@facehash/vision-core';
import { asSquare, sigmoid, suppressed, type FoundBox } from './found-boxes.js';
import { letterboxed } from './sampling.js';
import type { Network } from './session.js';

export const TINY_INPUT = 224;
const CELLS = 7;
const VALUES = 5;
/** Widths and heights of the five anchors in cells: face-api's own, from its training. */
const ANCHORS = [
  [1.603231, 2.094468],
  [6.041143, 7.080126],
  [2.882459, 3.518061],
  [4.266906, 5.178857],
  [9.041765, 10.66308],
] as const;
const CONFIDENCE_MIN = 0.3;
/** Its boxes are tighter than what the landmark network was trained with. */
const SIDE_FACTOR = 1.15;

export class TinyDetector implements FaceDetector<RgbImage> {
  constructor(private readonly network: () => Promise<Network>) {}

  async detect(picture: RgbImage, options: Pick<AnalyseOptions, 'minFaceFraction'>): Promise<readonly FoundBox[]> {
    const { pixels, scale } = letterboxed(picture, TINY_INPUT);
    const [values] = await (await this.network()).run(pixels);
    const smallest = options.minFaceFraction * Math.min(picture.width, picture.height);
    const faces = suppressed(decoded(values ?? new Float32Array(), (TINY_INPUT / CELLS) * scale));
    return faces.map((face) => asSquare(face, SIDE_FACTOR)).filter((face) => face.box.width >= smallest);
  }
}

/** [25, 7, 7]: for each anchor x, y, width, height and score of a box in its cell. `cell`: pixels of the picture per cell. */
function decoded(values: Float32Array, cell: number): readonly FoundBox[] {
  const found: FoundBox[] = [];
  const plane = CELLS * CELLS;
  for (const [a, [anchorWidth, anchorHeight]] of ANCHORS.entries()) {
    for (let at = 0; at < plane; at++) {
      const value = (k: number): number => values[(a * VALUES + k) * plane + at] ?? Number.NaN;
      const confidence = sigmoid(value(4));
      if (!(confidence >= CONFIDENCE_MIN)) continue;
      const width = Math.exp(value(2)) * anchorWidth * cell;
      const height = Math.exp(value(3)) * anchorHeight * cell;
      const x = ((at % CELLS) + sigmoid(value(0))) * cell - width / 2;
      const y = (Math.floor(at / CELLS) + sigmoid(value(1))) * cell - height / 2;
      found.push({ box: { x, y, width, height }, confidence });
    }
  }
  return found;
}
