import type { Box, RgbImage } from '@facehash/vision-core';

/**
 * The part of the picture inside `box`, resized to `size` x `size` (bilinear, pixel corners aligned as TensorFlow's
 * `resizeBilinear` does by default), black outside of the picture. Colours 0 to 255, [row, column, channel].
 */
export function sampled({ data, width, height }: RgbImage, box: Box, size: number): Float32Array {
  const out = new Float32Array(size * size * 3);
  const columns = axis(box.x, box.width, { size, limit: width });
  const rows = axis(box.y, box.height, { size, limit: height });
  for (let row = 0; row < size; row++) {
    const y = rows[row];
    if (!y) continue;
    for (let column = 0; column < size; column++) {
      const x = columns[column];
      if (!x) continue;
      const top = y.low * width;
      const bottom = y.high * width;
      const at = (row * size + column) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const upper = mix(data[(top + x.low) * 3 + channel], data[(top + x.high) * 3 + channel], x.part);
        const lower = mix(data[(bottom + x.low) * 3 + channel], data[(bottom + x.high) * 3 + channel], x.part);
        out[at + channel] = upper + (lower - upper) * y.part;
      }
    }
  }
  return out;
}

/** The whole picture, longest side to `size`, in the top left corner of a square. `scale`: pixels of the picture per pixel of the square. */
export function letterboxed(picture: RgbImage, size: number): { readonly pixels: Float32Array; readonly scale: number } {
  const side = Math.max(picture.width, picture.height);
  return { pixels: sampled(picture, { x: 0, y: 0, width: side, height: side }, size), scale: side / size };
}

interface Position {
  readonly low: number;
  readonly high: number;
  /** Share of `high`, 0 to 1. */
  readonly part: number;
}

function axis(
  start: number,
  length: number,
  { size, limit }: { readonly size: number; readonly limit: number },
): readonly (Position | undefined)[] {
  return Array.from({ length: size }, (_, i) => {
    const at = start + (i * length) / size;
    if (at < 0 || at > limit - 1) return undefined;
    const low = Math.floor(at);
    return { low, high: Math.min(low + 1, limit - 1), part: at - low };
  });
}

function mix(a = 0, b = 0, part: number): number {
  return a + (b - a) * part;
}
