import type { GreyImage } from '@facehash/vision-core';

/** The picture with at most `longestSide` pixels on its longer side, each the mean of the area it stands for; smaller pictures stay as they are. */
export function shrunk(picture: GreyImage, longestSide: number): GreyImage {
  const { width, height } = picture;
  const factor = longestSide / Math.max(width, height);
  if (factor >= 1) return picture;
  const columns = spans(width, Math.max(1, Math.round(width * factor)));
  const rows = spans(height, Math.max(1, Math.round(height * factor)));
  const data = new Uint8Array(columns.length * rows.length);
  const sums = new Float32Array(columns.length);
  rows.forEach((row, y) => {
    sums.fill(0);
    row.weights.forEach((weight, i) => addRow(picture, { y: row.first + i, weight, columns }, sums));
    data.set(sums.map(Math.round), y * columns.length);
  });
  return { data, width: columns.length, height: rows.length };
}

function addRow(
  { data, width }: GreyImage,
  { y, weight, columns }: { y: number; weight: number; columns: readonly Span[] },
  sums: Float32Array,
): void {
  const start = y * width;
  for (let x = 0; x < columns.length; x++) {
    const span = columns[x];
    if (!span) continue;
    const { first, weights } = span;
    let sum = 0;
    for (let i = 0; i < weights.length; i++) sum += (weights[i] ?? 0) * (data[start + first + i] ?? 0);
    sums[x] = (sums[x] ?? 0) + weight * sum;
  }
}

/** The pixels from `first` on that one pixel of the small picture covers, with the share of each; the shares add up to 1. */
interface Span {
  readonly first: number;
  readonly weights: Float32Array;
}

function spans(from: number, to: number): readonly Span[] {
  const step = from / to;
  return Array.from({ length: to }, (_, i) => {
    const left = i * step;
    const right = Math.min(from, left + step);
    const first = Math.floor(left);
    const count = Math.max(1, Math.ceil(right) - first);
    const covered = (pixel: number) => Math.max(0, Math.min(right, pixel + 1) - Math.max(left, pixel));
    return { first, weights: Float32Array.from({ length: count }, (_, k) => covered(first + k) / step) };
  });
}
