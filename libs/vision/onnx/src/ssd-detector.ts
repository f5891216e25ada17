import type { AnalyseOptions, FaceDetector, RgbImage } from '@facehash/vision-core';
import { asSquare, sigmoid, suppressed, type FoundBox } from './found-boxes.js';
import { letterboxed } from './sampling.js';
import type { Network } from './session.js';

export const SSD_INPUT = 512;
const CONFIDENCE_MIN = 0.2;
const SIDE_FACTOR = 1.05;
/** Variances of the box encoding: centres by 10, sizes by 5 (Liu et al., 2016). */
const CENTRE_VARIANCE = 10;
const SIZE_VARIANCE = 5;

export class SsdDetector implements FaceDetector<RgbImage> {
  constructor(private readonly network: () => Promise<Network>) {}

  async detect(picture: RgbImage, options: Pick<AnalyseOptions, 'minFaceFraction'>): Promise<readonly FoundBox[]> {
    const { pixels, scale } = letterboxed(picture, SSD_INPUT);
    const outputs = await (await this.network()).run(pixels);
    const smallest = options.minFaceFraction * Math.min(picture.width, picture.height);
    const faces = suppressed(decoded(outputs, SSD_INPUT * scale));
    return faces.map((face) => asSquare(face, SIDE_FACTOR)).filter((face) => face.box.width >= smallest);
  }
}

/** Encodings [n, 4], class logits [n, 3] and anchors [n, 4] (top, left, bottom, right as shares of the square) → boxes in pixels. */
function decoded([encodings, classes, anchors]: readonly Float32Array[], side: number): readonly FoundBox[] {
  const found: FoundBox[] = [];
  for (let i = 0; i < (classes?.length ?? 0) / 3; i++) {
    const confidence = sigmoid(classes?.[3 * i + 1] ?? Number.NaN);
    if (!(confidence >= CONFIDENCE_MIN)) continue;
    const code = (k: number): number => encodings?.[4 * i + k] ?? Number.NaN;
    const anchor = (k: number): number => anchors?.[4 * i + k] ?? Number.NaN;
    const [height, width] = [anchor(2) - anchor(0), anchor(3) - anchor(1)];
    const centreY = (code(0) / CENTRE_VARIANCE) * height + anchor(0) + height / 2;
    const centreX = (code(1) / CENTRE_VARIANCE) * width + anchor(1) + width / 2;
    const boxHeight = Math.exp(code(2) / SIZE_VARIANCE) * height;
    const boxWidth = Math.exp(code(3) / SIZE_VARIANCE) * width;
    const box = {
      x: (centreX - boxWidth / 2) * side,
      y: (centreY - boxHeight / 2) * side,
      width: boxWidth * side,
      height: boxHeight * side,
    };
    found.push({ box, confidence });
  }
  return found;
}
