import type { GreyImage, RgbImage } from './ports.js';
import type { Box } from './types.js';

/** Luma of 8-bit RGB by the weights of ITU-R BT.601 (0.299, 0.587, 0.114), as OpenCV's RGB2GRAY computes it. */
export function greyOf({ data, width, height }: RgbImage): GreyImage {
  const grey = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) {
    grey[i] = (4899 * (data[at] ?? 0) + 9617 * (data[at + 1] ?? 0) + 1868 * (data[at + 2] ?? 0) + 8192) >> 14;
  }
  return { data: grey, width, height };
}

/** The part of a picture inside `box`, in whole pixels, black beyond the picture. `x`, `y`: where it lies in the picture. */
export function cutOut(
  { data, width, height }: RgbImage,
  box: Box,
): { readonly picture: RgbImage; readonly x: number; readonly y: number } {
  const [x, y] = [Math.round(box.x), Math.round(box.y)];
  const [columns, rows] = [Math.max(1, Math.round(box.width)), Math.max(1, Math.round(box.height))];
  const [left, right] = [Math.max(0, x), Math.min(width, x + columns)];
  const part = new Uint8Array(columns * rows * 3);
  for (let row = Math.max(0, y); row < Math.min(height, y + rows) && left < right; row++) {
    part.set(data.subarray((row * width + left) * 3, (row * width + right) * 3), ((row - y) * columns + left - x) * 3);
  }
  return { picture: { data: part, width: columns, height: rows }, x, y };
}
