import sharp from 'sharp';
import { facesDir, people, readAll } from './faces.js';
import { sampleFaces, samplePersons } from './sample-faces.js';

/** Somebody with photos to enrol and other photos to ask about. */
export interface Person {
  readonly name: string;
  readonly enrolled: readonly Buffer[];
  readonly others: readonly Buffer[];
}

/** What the figures are of: real photos where a folder of them is given. */
export function photoSource(): string {
  return facesDir === undefined ? 'sample pictures (set FACEHASH_FACES for real ones)' : 'Labeled Faces in the Wild';
}

/** The first persons of the set with `enrolled` photos each, and up to ten others. Of sample pictures, only as many as there are. */
export async function persons(count: number, enrolled: number): Promise<readonly Person[]> {
  if (facesDir === undefined) {
    const takes = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
    return Promise.all(
      Array.from({ length: Math.min(count, samplePersons - 1) }, async (_, who) => ({
        name: `Person ${who}`,
        enrolled: await sampleFaces(who, takes(0, enrolled)),
        others: await sampleFaces(who, takes(enrolled, enrolled + 5)),
      })),
    );
  }
  const set = (await people('lfw')).filter((person) => person.photos.length >= Math.min(10, enrolled + 5)).slice(0, count);
  return Promise.all(
    set.map(async ({ name, photos }) => ({
      name,
      enrolled: await readAll(photos.slice(0, enrolled)),
      others: await readAll(photos.slice(enrolled, enrolled + 10)),
    })),
  );
}

/** Somebody with very many photos who is none of `persons`; `which` counts through those there are. */
export async function newcomer(which: number, count: number): Promise<{ readonly name: string; readonly photos: readonly Buffer[] }> {
  if (facesDir === undefined) {
    const takes = Array.from({ length: count }, (_, i) => 1000 * which + i);
    return { name: 'Newcomer', photos: await sampleFaces(samplePersons - 1, takes) };
  }
  const set = await people('hundred');
  const { name, photos } = set[which % set.length] ?? { name: '', photos: [] };
  return { name, photos: await readAll(photos.slice(0, count)) };
}

/** The whole photo, as large as it fits, in the middle of a picture of the given size: as a person stands before a webcam. */
export function inFrame(photo: Buffer, width: number, height: number): Promise<Buffer> {
  return sharp(photo).resize({ width, height, fit: 'contain', background: '#6a6f73' }).jpeg({ quality: 92 }).toBuffer();
}

/** Photos of about a megabyte each that are `bytes` together, at most: enlarged ones, as no set has such. */
export async function largePhotos(photos: readonly Buffer[], bytes: number): Promise<readonly Buffer[]> {
  const made: Buffer[] = [];
  for (let total = 0; ;) {
    const photo = photos[made.length % photos.length];
    if (!photo) throw new Error('no photos to enlarge');
    // Each round another size: the same bytes twice are one photo.
    const side = 900 + 8 * Math.floor(made.length / photos.length);
    const large = await sharp(photo).resize({ width: side, height: side, fit: 'cover' }).png({ compressionLevel: 1 }).toBuffer();
    total += large.length;
    if (total > bytes) return made;
    made.push(large);
  }
}
