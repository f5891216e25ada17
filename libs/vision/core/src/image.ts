import type { GreyImage, RgbImage } from './ports.js';

/** Luma of 8-bit RGB by the weights of ITU-R BT.601 (0.299, 0.587, 0.114), as OpenCV's RGB2GRAY computes it. */
export function greyOf({ data, width, height }: RgbImage): GreyImage {
  const grey = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) {
    grey[i] = (4899 * (data[at] ?? 0) + 9617 * (data[at + 1] ?? 0) + 1868 * (data[at + 2] ?? 0) + 8192) >> 14;
  }
  return { data: grey, width, height };
}
