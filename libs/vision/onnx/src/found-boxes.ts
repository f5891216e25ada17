import { overlap, type Box } from '@facehash/vision-core';

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

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
