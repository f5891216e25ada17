import { FaceHashError } from '@facehash/kernel';
import { z } from 'zod';
import { sha256 } from './sha256.js';

const point = z.tuple([z.number(), z.number()]);

/** `stages/<pipeline>/<sha256>.landmarks`: what enrolment found in a photo. Pixels of the upright image. */
export const landmarksSchema = z.strictObject({
  v: z.literal(1),
  pipeline: z.string(),
  /** Of the photo's bytes. */
  sha256,
  width: z.int().min(1),
  height: z.int().min(1),
  box: z.strictObject({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }),
  /** In the order of the iBUG 300-W annotation. */
  landmarks: z.array(point).length(68),
  quality: z.strictObject({ sizePx: z.number(), sharpness: z.number(), brightness: z.number(), turn: z.number() }),
});
export type LandmarksStage = z.output<typeof landmarksSchema>;

/** What training needs of one photo. */
export interface Features {
  /** Of unit length. */
  readonly descriptor: Float32Array;
  readonly ratios: Float32Array;
}

const MAGIC = 0x31464846; // "FHF1", little-endian
const HEADER_BYTES = 8;
/** How far rounding to 32 bits can move the length of a unit vector, with room to spare. */
const UNIT_TOLERANCE = 1e-3;

/**
 * `stages/<pipeline>/<sha256>.features`, little-endian: "FHF1", two 16-bit counts, then that many 32-bit floats of the descriptor and of
 * the ratios. A fifth of the same in JSON, and it holds the very bits.
 */
export function encodeFeatures({ descriptor, ratios }: Features): Uint8Array {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + 4 * (descriptor.length + ratios.length)));
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, descriptor.length, true);
  view.setUint16(6, ratios.length, true);
  [...descriptor, ...ratios].forEach((value, i) => view.setFloat32(HEADER_BYTES + 4 * i, value, true));
  return new Uint8Array(view.buffer);
}

/** ARTIFACT_CORRUPT when the bytes are not features, or the descriptor is not of unit length. */
export function decodeFeatures(bytes: Uint8Array, key: string): Features {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const corrupt = (problem: string) => new FaceHashError('ARTIFACT_CORRUPT', { key, problem });
  if (bytes.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) throw corrupt('no features');
  const [descriptorLength, ratioCount] = [view.getUint16(4, true), view.getUint16(6, true)];
  if (bytes.length !== HEADER_BYTES + 4 * (descriptorLength + ratioCount)) throw corrupt('cut short');
  const values = Float32Array.from({ length: descriptorLength + ratioCount }, (_, i) => view.getFloat32(HEADER_BYTES + 4 * i, true));
  const [descriptor, ratios] = [values.slice(0, descriptorLength), values.slice(descriptorLength)];
  if (!(Math.abs(Math.hypot(...descriptor) - 1) < UNIT_TOLERANCE)) throw corrupt('the descriptor is not of unit length');
  if (!ratios.every(Number.isFinite)) throw corrupt('a ratio is not a number');
  return { descriptor, ratios };
}
