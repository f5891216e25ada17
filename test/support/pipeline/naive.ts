import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { alignedChip, type Box, type Landmarks, type RgbImage } from '@facehash/vision-core';
import { bundledCascadePath } from '@facehash/vision-haar';
import { openNetworks } from '@facehash/vision-onnx';
import type { Contender } from './contender.js';

interface Addon {
  readonly CV_8UC1: number;
  readonly Mat: new (data: Buffer, rows: number, columns: number, type: number) => { release(): void };
  readonly Size: new (width: number, height: number) => object;
  readonly CascadeClassifier: new (path: string) => {
    detectMultiScale(mat: object, options: object): { readonly objects: readonly Box[] };
  };
  setNumThreads(count: number): void;
}

const LONGEST_SIDE_PX = 640;
/** Second pass: the box of the first one's landmarks, a little larger. */
const SECOND_PASS = 1.15;

/**
 * What a tutorial would do with the same parts: OpenCV's default cascade with its default settings, the landmarks of the landmarks' box
 * again, the descriptor of the chip and of its mirror image.
 */
export async function openNaive(networksDir: string): Promise<Contender> {
  const require = createRequire(import.meta.url);
  const cascades = dirname(bundledCascadePath());
  const cv = require(join(cascades, '../../../build/Release/opencv4nodejs.node')) as Addon;
  cv.setNumThreads(1);
  sharp.cache(false);
  sharp.concurrency(1);
  const cascade = new cv.CascadeClassifier(join(cascades, 'haarcascade_frontalface_default.xml'));
  const networks = await openNetworks(networksDir, { threads: 1 });
  const detect = async (picture: RgbImage): Promise<Box | undefined> => {
    const { data, info } = await sharp(Buffer.from(picture.data), { raw: { width: picture.width, height: picture.height, channels: 3 } })
      .greyscale()
      .resize({ width: LONGEST_SIDE_PX, height: LONGEST_SIDE_PX, fit: 'inside', withoutEnlargement: true })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const mat = new cv.Mat(data, info.height, info.width, cv.CV_8UC1);
    const { objects } = cascade.detectMultiScale(mat, { scaleFactor: 1.1, minNeighbors: 3, minSize: new cv.Size(40, 40) });
    mat.release();
    const [largest] = [...objects].sort((a, b) => b.width - a.width);
    const scale = picture.width / info.width;
    return largest && { x: largest.x * scale, y: largest.y * scale, width: largest.width * scale, height: largest.height * scale };
  };
  return {
    describe: async (photo, times) => {
      const { data, info } = await times.of('decode', () =>
        sharp(photo).autoOrient().toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true }),
      );
      const picture = { data, width: info.width, height: info.height };
      const box = await times.of('detect', () => detect(picture));
      if (!box) return false;
      const first = await times.of('landmarks', () => networks.landmarks.landmarks(picture, box));
      const second = await times.of('landmarks', () => networks.landmarks.landmarks(picture, around(first)));
      const chip = alignedChip(picture, second);
      const mirror = {
        ...chip,
        data: new Uint8Array(
          await sharp(Buffer.from(chip.data), { raw: { width: chip.width, height: chip.height, channels: 3 } })
            .flop()
            .raw()
            .toBuffer(),
        ),
      };
      await times.of('descriptor', () => networks.descriptor.describe(chip));
      await times.of('descriptor', () => networks.descriptor.describe(mirror));
      return true;
    },
    close: () => networks.close(),
  };
}

function around(landmarks: Landmarks): Box {
  const xs = landmarks.map(([x]) => x);
  const ys = landmarks.map(([, y]) => y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const side = SECOND_PASS * Math.max(right - left, bottom - top);
  return { x: (left + right - side) / 2, y: (top + bottom - side) / 2, width: side, height: side };
}
