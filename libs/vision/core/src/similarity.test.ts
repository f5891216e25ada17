import fc from 'fast-check';
import { applySimilarity, fitSimilarity } from './similarity.js';
import type { Point } from './types.js';

const coordinate = fc.double({ min: -500, max: 500, noNaN: true });
const triangle: readonly Point[] = [
  [0, 0],
  [40, 5],
  [12, 60],
];

describe('the similarity of two lists of points', () => {
  it('is found again from what it did to them', () => {
    const parameter = fc.double({ min: 0.1, max: 5, noNaN: true });
    fc.assert(
      fc.property(parameter, coordinate, coordinate, coordinate, (a, b, tx, ty) => {
        const moved = triangle.map((point) => applySimilarity({ a, b, tx, ty }, point));
        const found = fitSimilarity(triangle, moved);
        expect(found.a).toBeCloseTo(a, 6);
        expect(found.b).toBeCloseTo(b, 6);
        expect(found.tx).toBeCloseTo(tx, 5);
        expect(found.ty).toBeCloseTo(ty, 5);
      }),
    );
  });

  it('is the best there is where none fits: no small change of it comes closer', () => {
    const seen: readonly Point[] = [
      [3, 1],
      [80, 20],
      [10, 130],
    ];
    const best = fitSimilarity(triangle, seen);
    const error = (t: typeof best): number =>
      triangle.reduce((sum, point, i) => {
        const [x, y] = applySimilarity(t, point);
        return sum + (x - (seen[i]?.[0] ?? 0)) ** 2 + (y - (seen[i]?.[1] ?? 0)) ** 2;
      }, 0);
    for (const key of ['a', 'b', 'tx', 'ty'] as const) {
      for (const change of [-1e-3, 1e-3]) expect(error({ ...best, [key]: best[key] + change })).toBeGreaterThan(error(best));
    }
  });

  it('needs as many points on both sides, not all in one place', () => {
    expect(() => fitSimilarity(triangle, triangle.slice(1))).toThrow(RangeError);
    expect(() =>
      fitSimilarity(
        [
          [1, 1],
          [1, 1],
        ],
        [
          [0, 0],
          [5, 5],
        ],
      ),
    ).toThrow(RangeError);
  });
});
