import { portrait, type VisionParts } from '@facehash/vision-core';
import { decode } from '@facehash/vision-decode';

/** 32 x 32 grey pixels. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAAAAABWESUoAAAAFklEQVR42mNoIAAYRhWMKhhVMFIVAABCAAAfN5c2AAAAAABJRU5ErkJggg==';

/**
 * The decoder and every part of the usual way through once, on a grey picture: their first run takes their memory and is many times slower than
 * the others, and a worker that replaces another one is to answer its first request like any. SSD is left out: it is the last resort, and
 * its first run makes a worker of 201 MiB one of 270 MiB.
 */
export async function warmUp({ haar, tiny, landmarks, descriptor }: VisionParts): Promise<void> {
  await decode(Buffer.from(PNG, 'base64'));
  const side = 320;
  const rgb = { data: new Uint8Array(side * side * 3).fill(128), width: side, height: side };
  await haar.detect({ data: new Uint8Array(side * side).fill(128), width: side, height: side }, portrait);
  await tiny.detect(rgb, portrait);
  await landmarks.landmarks(rgb, { x: 0, y: 0, width: side, height: side });
  const { size } = descriptor.alignment;
  await descriptor.describe({ data: new Uint8Array(size * size * 3).fill(128), width: size, height: size });
}
