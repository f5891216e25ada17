import fc from 'fast-check';
import { probit } from './probit.js';

describe('the normal quantile', () => {
  // Quantiles to 15 digits, as any table of the normal distribution gives them.
  it.each([
    [0.5, 0],
    [0.75, 0.674489750196082],
    [0.9, 1.2815515655446],
    [0.975, 1.95996398454005],
    [0.99, 2.32634787404084],
    [0.999, 3.09023230616781],
    [1e-6, -4.7534243088229],
    [1e-12, -7.034483825301132],
    [1e-20, -9.26234008979841],
  ])('of %d is %d', (p, z) => {
    expect(probit(p)).toBeCloseTo(z, 12);
  });

  it('has no end at 0 and at 1', () => {
    expect(probit(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(probit(1)).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([-0.1, 1.1, Number.NaN])('of %d, which is no probability, is not a number', (p) => {
    expect(probit(p)).toBeNaN();
  });

  it('is odd about a half, and rises', () => {
    const probability = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true });
    fc.assert(fc.property(probability, (p) => expect(probit(1 - p)).toBeCloseTo(-probit(p), 5)));
    fc.assert(
      fc.property(probability, probability, (a, b) => expect(probit(Math.max(a, b))).toBeGreaterThanOrEqual(probit(Math.min(a, b)))),
    );
  });
});
