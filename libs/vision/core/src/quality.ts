import { greyOf } from './image.js';
import type { GreyImage, RgbImage } from './ports.js';
import type { Box, FaceQuality } from './types.js';

export function measureQuality(box: Box, chip: RgbImage): FaceQuality {
  const grey = greyOf(chip);
  return { sizePx: Math.min(box.width, box.height), sharpness: laplacianVariance(grey), brightness: mean(grey.data) };
}

/**
 * What may be enrolled. The bounds refuse what is hopeless and nothing else.
 */
export const qualityBounds = {
  sizePx: { min: 24 },
  sharpness: { min: 4 },
  brightness: { min: 15, max: 245 },
} as const satisfies Record<keyof FaceQuality, { readonly min: number; readonly max?: number }>;

export interface QualityProblem {
  readonly measure: keyof FaceQuality;
  readonly value: number;
  readonly bound: number;
  /** For the one who sent the photo. */
  readonly detail: string;
}

/** The first measure that is out of bounds. */
export function qualityProblem(quality: FaceQuality): QualityProblem | undefined {
  for (const { measure, word, bound, broken } of checks) {
    const value = quality[measure];
    if (broken(value))
      return { measure, value, bound, detail: `the face is too ${word}: ${measure} is ${value.toFixed(1)}, the bound is ${bound}` };
  }
  return undefined;
}

const { sizePx, sharpness, brightness } = qualityBounds;
const checks: readonly (Pick<QualityProblem, 'measure' | 'bound'> & {
  readonly word: string;
  readonly broken: (value: number) => boolean;
})[] = [
  { measure: 'sizePx', word: 'small', bound: sizePx.min, broken: (value) => value < sizePx.min },
  { measure: 'sharpness', word: 'blurred', bound: sharpness.min, broken: (value) => value < sharpness.min },
  { measure: 'brightness', word: 'dark', bound: brightness.min, broken: (value) => value < brightness.min },
  { measure: 'brightness', word: 'bright', bound: brightness.max, broken: (value) => value > brightness.max },
];

/** Variance of the four-neighbour Laplacian over the inner pixels (Pech-Pacheco et al., ICPR 2000). */
function laplacianVariance({ data, width, height }: GreyImage): number {
  const at = (i: number) => data[i] ?? 0;
  let sum = 0;
  let squares = 0;
  for (let row = 1; row < height - 1; row++) {
    for (let i = row * width + 1; i < (row + 1) * width - 1; i++) {
      const value = at(i - 1) + at(i + 1) + at(i - width) + at(i + width) - 4 * at(i);
      sum += value;
      squares += value * value;
    }
  }
  const count = (width - 2) * (height - 2);
  return squares / count - (sum / count) ** 2;
}

function mean(data: Uint8Array): number {
  return data.reduce((sum, value) => sum + value, 0) / data.length;
}
