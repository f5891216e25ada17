import type { ImageProblem, UprightPicture } from '@facehash/vision-core';
import sharp, { type Sharp } from 'sharp';
import { hasMoreScans } from './jpeg-scans.js';

/** Pixels of an image, before anything is allocated for them. */
const PIXELS_MAX = 40_000_000;
const SHORT_SIDE_MIN_PX = 32;
/**
 * Longest side of the copy that faces are looked for in. The detectors work on far fewer pixels and a face is cut out at 150 x 150;
 * at this size, the smallest face that is looked for in a frame still has about 100 pixels.
 */
const WORKING_SIDE_MAX_PX = 2048;
const DECODE_TIMEOUT_S = 20;
/**
 * Scans of a JPEG. Encoders write about ten; the format allows hundreds, each a few bytes, for which the decoder goes over the whole picture:
 * 158 KB with 36 megapixels in 882 scans took 40 s, and no timeout reaches into that.
 */
const JPEG_SCANS_MAX = 100;

export type Decoded =
  | { readonly readable: true; readonly picture: UprightPicture }
  | { readonly readable: false; readonly problem: ImageProblem; readonly detail: string };

/** Formats by what the bytes say, not by a name. Others (SVG, PDF, …) run programs of their own and are never opened. */
const formats = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif', 'Tiff'];

/** Before the first picture: one thread per process, no cache, and only the loaders of photos. */
export function prepareDecoder(): void {
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: formats.map((format) => `VipsForeignLoad${format}`) });
}

/**
 * Reads JPEG, PNG, WebP, GIF (its first frame), AVIF and TIFF (its first page) into 8-bit sRGB, turned as its EXIF orientation says,
 * transparent parts white. Anything wrong with the bytes is an answer, never an error.
 */
export async function decode(image: Uint8Array): Promise<Decoded> {
  if (hasMoreScans(image, JPEG_SCANS_MAX)) return unreadable('IMAGE_TOO_LARGE', `more than ${JPEG_SCANS_MAX} scans`);
  try {
    return await decodeOrThrow(sharp(image, { failOn: 'error', limitInputPixels: false, pages: 1 }));
  } catch (error) {
    const line = firstLine(error);
    return unreadable(refusesSize.test(line) ? 'IMAGE_TOO_LARGE' : 'IMAGE_UNREADABLE', line);
  }
}

async function decodeOrThrow(image: Sharp): Promise<Decoded> {
  const { autoOrient } = await image.metadata();
  const { width, height } = autoOrient;
  const size = `${width} x ${height} pixels`;
  if (width * height > PIXELS_MAX) return unreadable('IMAGE_TOO_LARGE', `${size}, of which ${PIXELS_MAX} are taken`);
  if (Math.min(width, height) < SHORT_SIDE_MIN_PX) {
    return unreadable('IMAGE_TOO_SMALL', `${size}; the shorter side needs ${SHORT_SIDE_MIN_PX}`);
  }
  const { data, info } = await image
    .autoOrient()
    .resize({ width: WORKING_SIDE_MAX_PX, height: WORKING_SIDE_MAX_PX, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .timeout({ seconds: DECODE_TIMEOUT_S })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { readable: true, picture: { rgb: { data, width: info.width, height: info.height }, width, height } };
}

/** What decoders say of a size that they do not even take for one: of JPEG, of TIFF. */
const refusesSize = /Maximum supported image dimension|width\/height out of range/;

function unreadable(problem: ImageProblem, detail: string): Decoded {
  return { readable: false, problem, detail };
}

/** libvips writes one line for each of its layers. */
function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0]?.slice(0, 200) ?? '';
}
