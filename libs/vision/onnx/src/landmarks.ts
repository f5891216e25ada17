import { LANDMARK_COUNT, type Box, type LandmarkNetwork, type Landmarks, type Point, type RgbImage } from '@facehash/vision-core';
import { sampled } from './sampling.js';
import type { Network } from './session.js';

export const LANDMARKS_INPUT = 112;

export class OnnxLandmarks implements LandmarkNetwork {
  constructor(private readonly network: Network) {}

  async landmarks(picture: RgbImage, box: Box): Promise<Landmarks> {
    const square = squared(box);
    const [values] = await this.network.run(sampled(picture, square, LANDMARKS_INPUT));
    return Array.from({ length: LANDMARK_COUNT }, (_, i): Point => [
      square.x + (values?.[2 * i] ?? Number.NaN) * square.width,
      square.y + (values?.[2 * i + 1] ?? Number.NaN) * square.height,
    ]);
  }
}

/** The square around the middle of the box: the network takes the same scale both ways. */
function squared({ x, y, width, height }: Box): Box {
  const side = Math.max(width, height);
  return { x: x + (width - side) / 2, y: y + (height - side) / 2, width: side, height: side };
}
