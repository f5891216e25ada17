import { createRequire } from 'node:module';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { temporaryFolder } from '@facehash/testing';
import { frame, portrait, type GreyImage } from '@facehash/vision-core';
import { bundledCascadePath, openHaar, type OpenedHaar } from './index.js';

const demo = join(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'), '../demo');

async function grey(image: Sharp): Promise<GreyImage> {
  const { data, info } = await image.greyscale().raw().toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, height: info.height };
}
/** The middle of a box, as fractions of the picture. */
const centre = ({ width, height }: GreyImage, box: { x: number; y: number; width: number; height: number }) => [
  (box.x + box.width / 2) / width,
  (box.y + box.height / 2) / height,
];

const adapters = ['native', 'portable'] as const;
const opened = new Map<string, OpenedHaar>();

beforeAll(async () => {
  for (const adapter of adapters) opened.set(adapter, await openHaar({ adapter, cascadePath: bundledCascadePath() }));
});
afterAll(() => opened.forEach((haar) => haar.close()));

const haarOf = (adapter: string): OpenedHaar => {
  const haar = opened.get(adapter);
  if (!haar) throw new Error(adapter);
  return haar;
};

describe.each(adapters)('Haar, %s', (adapter) => {
  it('finds the face of a portrait in pixels of the picture, however large that is', async () => {
    const face = sharp(join(demo, 'sample3.jpg')).extract({ left: 485, top: 229, width: 399, height: 471 });
    for (const width of [200, 403, 1200]) {
      const picture = await grey(face.clone().resize(width));
      const [box] = await haarOf(adapter).detector.detect(picture, portrait);
      if (!box) throw new Error(`no face at ${width}`);
      const [x, y] = centre(picture, box.box);
      expect(Math.abs((x ?? 0) - 0.5)).toBeLessThan(0.12);
      expect(Math.abs((y ?? 0) - 0.5)).toBeLessThan(0.15);
      expect(box.box.width / picture.width).toBeGreaterThan(0.4);
      expect(box.support).toBeGreaterThan(4);
    }
  });

  it('finds several faces of a frame, the largest first', async () => {
    const picture = await grey(sharp(join(demo, 'sample1.jpg')));
    const faces = await haarOf(adapter).detector.detect(picture, frame);
    expect(faces.length).toBeGreaterThanOrEqual(2);
    const sides = faces.map(({ box }) => box.width);
    expect(sides).toEqual([...sides].sort((a, b) => b - a));
  });

  it('finds nobody in a picture without a face, and does not mind a tiny one', async () => {
    const flat = { data: new Uint8Array(250 * 250).fill(128), width: 250, height: 250 };
    expect(await haarOf(adapter).detector.detect(flat, portrait)).toEqual([]);
    expect(await haarOf(adapter).detector.detect({ data: new Uint8Array(32 * 32), width: 32, height: 32 }, portrait)).toEqual([]);
  });
});

it('the native and the portable build give the same boxes', async () => {
  for (const [name, options] of [
    ['sample1.jpg', frame],
    ['sample3.jpg', frame],
    ['sample4.jpg', portrait],
    ['sample6.jpg', frame],
  ] as const) {
    const picture = await grey(sharp(join(demo, name)));
    const [native, portable] = await Promise.all(adapters.map((adapter) => haarOf(adapter).detector.detect(picture, options)));
    expect(native).toEqual(portable);
  }
});

describe('opening', () => {
  it('takes the native build by itself where it loads', async () => {
    const haar = await openHaar({ adapter: 'auto', cascadePath: bundledCascadePath() });
    expect(haar).toMatchObject({ adapter: 'native' });
    expect(haar.nativeFailure).toBeUndefined();
    haar.close();
  });

  it('refuses a cascade that is not there, or is none', async () => {
    await using folder = await temporaryFolder();
    const cascadePath = join(folder.path, 'cascade.xml');
    await expect(openHaar({ adapter: 'portable', cascadePath })).rejects.toMatchObject({ code: 'INTERNAL', details: { cascadePath } });
    await writeFile(cascadePath, '<?xml version="1.0"?><opencv_storage></opencv_storage>');
    for (const adapter of adapters) await expect(openHaar({ adapter, cascadePath })).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
