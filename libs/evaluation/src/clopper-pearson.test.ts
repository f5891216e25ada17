import fc from 'fast-check';
import { clopperPearson, proportion } from './clopper-pearson.js';

/** P(X >= count) of a binomial variable, summed up term by term in logarithms: another way than the beta function's. */
function atLeast(count: number, of: number, share: number): number {
  let logTerm = of * Math.log1p(-share);
  let total = 0;
  for (let k = 0; k <= of; k++) {
    if (k >= count) total += Math.exp(logTerm);
    logTerm += Math.log(of - k) - Math.log(k + 1) + Math.log(share) - Math.log1p(-share);
  }
  return total;
}

describe('the interval of Clopper and Pearson', () => {
  // The last four: R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 5.
  it.each([
    [0, 10, 0, 0.3085],
    [1, 10, 0.0025, 0.445],
    [5, 10, 0.1871, 0.8129],
    [10, 10, 0.6915, 1],
    [81, 263, 0.2527, 0.3676],
    [15, 148, 0.0578, 0.1617],
    [0, 20, 0, 0.1684],
    [1, 29, 0.0009, 0.1776],
  ])('of %d in %d is %d to %d', (count, of, low, high) => {
    const interval = clopperPearson(count, of);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  it('has 2.5 % beyond either end, by the binomial distribution itself', () => {
    const counted = fc
      .integer({ min: 2, max: 3000 })
      .chain((of) => fc.record({ of: fc.constant(of), count: fc.integer({ min: 1, max: of - 1 }) }));
    fc.assert(
      fc.property(counted, ({ count, of }) => {
        const { low, high } = clopperPearson(count, of);
        expect(atLeast(count, of, low)).toBeCloseTo(0.025, 8);
        expect(1 - atLeast(count + 1, of, high)).toBeCloseTo(0.025, 8);
      }),
    );
  });

  it('mirrors', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 1, max: 100_000 }), (a, b) => {
        const [count, of] = [Math.min(a, b), b];
        const [some, others] = [clopperPearson(count, of), clopperPearson(of - count, of)];
        expect(some.low).toBeCloseTo(1 - others.high, 9);
        expect(some.low).toBeLessThanOrEqual(count / of);
        expect(some.high).toBeGreaterThanOrEqual(count / of);
      }),
    );
  });
});

describe('a proportion', () => {
  it('of nothing is not known', () => {
    expect(proportion(0, 0)).toBeNull();
  });

  it('comes with its count and six decimals', () => {
    expect(proportion(1, 3)).toEqual({ count: 1, of: 3, share: 0.333333, low: 0.008404, high: 0.905701 });
  });
});
