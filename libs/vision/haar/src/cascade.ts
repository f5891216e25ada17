import { FaceHashError } from '@facehash/kernel';
import type { Box, GreyImage } from '@facehash/vision-core';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { CascadeSettings } from './settings.js';

/** OpenCV's cascade over one grey picture, by whichever build of OpenCV. Calls do not overlap: both builds compute on the calling thread. */
/** A box, and how many windows of the cascade were merged into it. */
export interface Hit extends Box {
  readonly support: number;
}

export interface Cascade {
  find(picture: GreyImage, settings: CascadeSettings): readonly Hit[];
  close(): void;
}

export const requireFromHere = createRequire(import.meta.url);

/** The folder of the npm package that carries the native addon and the cascades. */
export function addonDirectory(): string {
  // The package exports its main file only: <package>/cjs/lib/opencv4nodejs.js.
  return dirname(dirname(dirname(requireFromHere.resolve('@u4/opencv4nodejs'))));
}

/** `haarcascade_frontalface_alt2.xml` of the npm package: byte for byte the file of Debian's opencv-data 4.6. */
export function bundledCascadePath(): string {
  return join(addonDirectory(), 'src/lib/haarcascades/haarcascade_frontalface_alt2.xml');
}

/**
 * OpenCV loads a file that is no cascade without a word and fails at the first picture. So the first picture is a blank one of our own.
 * Throws INTERNAL with the cascade's path.
 */
export function probed(cascade: Cascade, cascadePath: string): Cascade {
  try {
    cascade.find({ data: new Uint8Array(64 * 64), width: 64, height: 64 }, { scaleFactor: 1.2, minNeighbours: 2, minSizePx: 32 });
    return cascade;
  } catch (cause) {
    cascade.close();
    throw new FaceHashError('INTERNAL', { detail: 'OpenCV takes no cascade from this file', cascadePath }, { cause });
  }
}
