import type { Box } from '@facehash/vision-core';

export interface FoundBox {
  readonly box: Box;
  readonly confidence: number;
}

/** Two boxes that overlap by more than this are one face. */
const OVERLAP_MAX = 0.4;

/** Non-maximum suppression: best first, dropping what overlaps a better one. */
export function suppressed(found: readonly FoundBox[]): readonly FoundBox[] {
  const kept: FoundBox[] = [];
  for (const candidate of [...found].sort((a, b) => b.confidence - a.confidence)) {
    if (kept.every((k) => overlap(k.box, candidate.box) <= OVERLAP_MAX)) kept.push(candidate);
  }
  return kept;
}

/** The square around the middle of a box, its side times `factor`: what the landmark network expects. */
export function asSquare({ box, confidence }: FoundBox, factor: number): FoundBox {
  const side = Math.max(box.width, box.height) * factor;
  return { box: { x: box.x + (box.width - side) / 2, y: box.y + (box.height - side) / 2, width: side, height: side }, confidence };
}

/** Intersection over union, 0 to 1. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
