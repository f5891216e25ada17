import { seededRandom } from '@facehash/kernel';
import { quantile } from './benchmark.js';
import { interleaved, pairedRatio, slopeOf } from './statistics.js';

const steps = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('the slope of a series', () => {
  it('of a straight line is exact, and so is its bound', () => {
    const { slope, upper } = slopeOf(
      steps(50),
      steps(50).map((x) => 7 + 3 * x),
    );
    expect(slope).toBeCloseTo(3, 9);
    expect(upper).toBeCloseTo(3, 6);
  });

  it('of noise around a level lies below its bound in most series, and the bound is near zero', () => {
    const covered = steps(200).filter((seed) => {
      const random = seededRandom(seed + 1);
      return (
        slopeOf(
          steps(200),
          steps(200).map(() => random.next()),
        ).upper > 0
      );
    });
    // 97.5 % of them, as one end of a two-sided interval of 95 % is.
    expect(covered.length).toBeGreaterThanOrEqual(188);
    expect(covered.length).toBeLessThan(200);
  });

  it('has a wider bound where neighbours resemble each other', () => {
    const random = seededRandom(5);
    const fresh = steps(400).map(() => random.next() - 0.5);
    const drifting = fresh.map((_, i) => fresh.slice(Math.max(0, i - 9), i + 1).reduce((a, b) => a + b, 0));
    const width = (y: readonly number[]): number => {
      const { slope, upper } = slopeOf(steps(400), y);
      return upper - slope;
    };
    const spread = (y: readonly number[]): number => Math.sqrt(y.reduce((a, b) => a + b * b, 0) / y.length);
    expect(width(drifting) / spread(drifting)).toBeGreaterThan(1.4 * (width(fresh) / spread(fresh)));
  });

  it('of too few points is none', () => {
    expect(slopeOf([1, 2], [1, 2]).slope).toBeNaN();
  });
});

describe('rounds in turn', () => {
  it('change who comes first', () => {
    expect(interleaved(['a', 'b'], 3)).toEqual(['a', 'b', 'b', 'a', 'a', 'b']);
  });

  it('give the median of the ratios of each round', () => {
    expect(pairedRatio([2, 9, 4, 8], [1, 3, 4, 2])).toEqual({ median: 2.5, low: 1, high: 4 });
    expect(pairedRatio([2, 9, 4], [1, 3, 4])).toEqual({ median: 2, low: 1, high: 3 });
  });
});

it('a quantile is a value that was measured', () => {
  expect(quantile(steps(100), 0.99)).toBe(99);
  expect(quantile([3, 1, 2], 0)).toBe(1);
  expect(quantile([], 0.5)).toBeNaN();
});
