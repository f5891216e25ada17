import { alignedChip, chipToPicture, mirrored, warp } from './chip.js';
import { meanFacePoint } from './mean-face.js';
import type { RgbImage } from './ports.js';
import { applySimilarity, type Similarity } from './similarity.js';
import { someLandmarks } from './testing/index.js';
import type { Point } from './types.js';

/** Red grows to the right, green downwards. */
function gradient(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set([x, y, 7], (y * width + x) * 3);
  return { data, width, height };
}

const pixel = ({ data, width }: RgbImage, x: number, y: number): readonly number[] => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];
const shift = (tx: number, ty: number): Similarity => ({ a: 1, b: 0, tx, ty });

describe('cutting out and aligning', () => {
  it('copies pixels where nothing is turned or scaled', () => {
    const cut = warp(gradient(100, 100), shift(20, 30), 10);
    expect(pixel(cut, 0, 0)).toEqual([20, 30, 7]);
    expect(pixel(cut, 9, 9)).toEqual([29, 39, 7]);
  });

  it('mixes the four pixels around a place between them', () => {
    expect(pixel(warp(gradient(100, 100), shift(20.5, 30.25), 4), 0, 0)).toEqual([21, 30, 7]);
    const chessboard: RgbImage = { data: Uint8Array.from([0, 0, 0, 200, 200, 200, 200, 200, 200, 0, 0, 0]), width: 2, height: 2 };
    expect(pixel(warp(chessboard, shift(0.5, 0.5), 1), 0, 0)).toEqual([100, 100, 100]);
  });

  it('averages where a pixel of the chip covers several of the picture', () => {
    const stripes = gradient(64, 64);
    stripes.data.forEach((_, i) => (stripes.data[i] = Math.floor(i / 3) % 2 === 0 ? 0 : 200));
    const small = warp(stripes, { a: 4, b: 0, tx: 1.5, ty: 1.5 }, 15);
    expect(pixel(small, 7, 7)).toEqual([100, 100, 100]);
  });

  it('is black beyond the picture', () => {
    expect(pixel(warp(gradient(10, 10), shift(-5, -5), 10), 0, 0)).toEqual([0, 0, 0]);
    expect(pixel(warp(gradient(10, 10), shift(50, 0), 10), 9, 9)).toEqual([0, 0, 0]);
  });

  it('brings eyes, nose and mouth to where the descriptor network expects them, however the face lies', () => {
    const angle = 0.4;
    const turned = someLandmarks({ x: 100, y: 60, width: 90, height: 90 }).map(([x, y]): Point => [
      x * Math.cos(angle) - y * Math.sin(angle),
      x * Math.sin(angle) + y * Math.cos(angle),
    ]);
    const toPicture = chipToPicture(turned);
    for (const index of [30, 36, 45, 48, 54]) {
      const [px, py] = meanFacePoint(index);
      const place: Point = [((0.25 + px) / 1.5) * 150, ((0.25 + py) / 1.5) * 150];
      const [x, y] = applySimilarity(toPicture, place);
      expect(x).toBeCloseTo(turned[index]?.[0] ?? Number.NaN, 6);
      expect(y).toBeCloseTo(turned[index]?.[1] ?? Number.NaN, 6);
    }
    expect(alignedChip(gradient(200, 200), turned)).toMatchObject({ width: 150, height: 150 });
  });

  it('of another size shows the same face larger or smaller', () => {
    const landmarks = someLandmarks({ x: 100, y: 60, width: 90, height: 90 });
    const [usual, small] = [chipToPicture(landmarks), chipToPicture(landmarks, { template: 'dlib', size: 75 })];
    expect(small.a).toBeCloseTo(2 * usual.a, 9);
    expect([small.tx, small.ty]).toEqual([expect.closeTo(usual.tx, 9), expect.closeTo(usual.ty, 9)]);
  });

  it('brings eyes, nose and mouth to where networks in the manner of ArcFace expect them', () => {
    // In a chip of 224 the places are twice those of the 112 that InsightFace gives; the picture is that chip, moved.
    const landmarks = Array.from({ length: 68 }, (): Point => [0, 0]);
    const put = (indices: readonly number[], [x, y]: Point) => {
      for (const [i, index] of indices.entries()) landmarks[index] = [2 * x + 10 + (i % 2 === 0 ? 3 : -3), 2 * y + 20];
    };
    put([36, 37, 38, 39, 40, 41], [38.2946, 51.6963]);
    put([42, 43, 44, 45, 46, 47], [73.5318, 51.5014]);
    for (const [index, [x, y]] of [
      [30, [56.0252, 71.7366]],
      [48, [41.5493, 92.3655]],
      [54, [70.7299, 92.2041]],
    ] as const) {
      landmarks[index] = [2 * x + 10, 2 * y + 20];
    }
    const { a, b, tx, ty } = chipToPicture(landmarks, { template: 'arcface', size: 224 });
    expect([a, b, tx, ty]).toEqual([expect.closeTo(1, 9), expect.closeTo(0, 9), expect.closeTo(10, 9), expect.closeTo(20, 9)]);
  });

  it('needs all landmarks', () => expect(() => alignedChip(gradient(10, 10), [])).toThrow(RangeError));

  it('makes one colour of landmarks that all lie in one place, which no quality bound lets pass', () => {
    const chip = alignedChip(
      gradient(10, 10),
      Array.from({ length: 68 }, (): Point => [3, 4]),
    );
    expect(new Set(chip.data)).toEqual(new Set([3, 4, 7]));
  });
});

describe('a mirror', () => {
  it('swaps left and right and nothing else', () => {
    const picture = gradient(5, 3);
    const mirror = mirrored(picture);
    expect(pixel(mirror, 0, 2)).toEqual([4, 2, 7]);
    expect(pixel(mirror, 4, 1)).toEqual([0, 1, 7]);
    expect(mirrored(mirror)).toEqual(picture);
  });
});
