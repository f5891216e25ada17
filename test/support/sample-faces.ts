import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import sharp from 'sharp';

/**
 * Faces for machines without a folder of them: the group pictures that the npm package @vladmandic/face-api ships, cut into
 * persons. [picture, left, top, width, height] of each face box, in pixels.
 */
const boxes = [
  [1, 414, 355, 177, 240],
  [1, 1476, 199, 203, 241],
  [3, 585, 329, 199, 271],
  [4, 664, 53, 187, 258],
  [5, 1113, 198, 158, 236],
  [6, 1180, 305, 188, 280],
  [6, 250, 468, 210, 291],
  [5, 377, 859, 172, 301],
] as const;

export const samplePersons = boxes.length;

const demo = join(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'), '../demo');

/**
 * A JPEG of one sample person. Each `take` is another photo as far as bytes, framing, tilt, light and size go; the expression is
 * the same in all, so it can show that the product works, and not how well it recognises.
 */
export async function sampleFace(person: number, take: number): Promise<Buffer> {
  const box = boxes[person];
  if (!box) throw new RangeError(`there are ${samplePersons} sample persons`);
  const [picture, left, top, width, height] = box;
  const margin = Math.round(height * (0.3 + 0.03 * (take % 5)));
  const region = {
    left: Math.max(0, left - margin),
    top: Math.max(0, top - margin),
    width: width + 2 * margin,
    height: height + 2 * margin,
  };
  return sharp(join(demo, `sample${picture}.jpg`))
    .extract(region)
    .rotate(((take * 3) % 11) - 5, { background: '#808080' })
    .resize(220 + ((take * 17) % 90))
    .modulate({ brightness: 0.9 + 0.02 * (take % 11) })
    .jpeg({ quality: 80 + (take % 15) })
    .toBuffer();
}

export function sampleFaces(person: number, takes: readonly number[]): Promise<Buffer[]> {
  return Promise.all(takes.map((take) => sampleFace(person, take)));
}

/** The whole picture: several people. */
export function samplePicture(picture: number): Promise<Buffer> {
  return readFile(join(demo, `sample${picture}.jpg`));
}
