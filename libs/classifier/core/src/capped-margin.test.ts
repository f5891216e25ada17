import fc from 'fast-check';
import { cappedMargin, distanceOf, threshold } from './capped-margin.js';
import { builtInConstants } from './constants.js';

const people = fc.integer({ min: 1, max: 1000 });
const photos = fc.integer({ min: 1, max: 500 });
const falseAcceptTarget = fc.double({ min: 1e-6, max: 0.5, noNaN: true });

describe('the distance of two directions', () => {
  it.each([
    [1, 0],
    [0.5, 1],
    [0, Math.SQRT2],
    [-1, 2],
    [1.0000001, 0],
  ])('with the cosine %d is %d', (cosine, distance) => {
    expect(distanceOf(cosine)).toBeCloseTo(distance, 12);
  });
});

describe('the capped margin', () => {
  it.each([
    ['alone', 0.3, undefined, 0.3],
    ['with a runner-up beyond the cap', 0.3, 0.55, 0.3],
    ['with a runner-up at the cap', 0.3, 0.4, 0.3],
    ['with a runner-up inside the cap', 0.3, 0.35, 0.32],
    ['with a runner-up as near', 0.1, 0.1, 0.22],
  ])('of a person %s', (_, nearest, second, score) => {
    expect(cappedMargin(nearest, second, builtInConstants)).toBeCloseTo(score, 12);
  });
});

describe('the threshold', () => {
  it.each([
    // mu_K + 0.0599 * z, with z of 1 % being -2.32635.
    [1, 1, 0.01, 0.5583 - 0.0599 * 2.3263478740408],
    [1, 5, 0.01, 0.5332 - 0.0599 * 2.3263478740408],
    [1, 500, 0.01, 0.5302 - 0.0599 * 2.3263478740408],
    // Half of all strangers: z is 0.
    [1, 3, 0.5, 0.5372],
    // Halfway between 5 and 10 photos in the logarithm.
    [1, Math.sqrt(50), 0.5, (0.5332 + 0.5302) / 2],
    // 76 people: 0.01 / 76^0.868 = 0.00023305, whose z is -3.499515.
    [76, 5, 0.01, 0.323579],
  ])('for %d people with %d photos at a target of %d', (n, k, target, limit) => {
    expect(threshold({ people: n, photos: k, falseAcceptTarget: target }, builtInConstants)).toBeCloseTo(limit, 5);
  });

  it('accepts everybody when every stranger may be accepted', () => {
    expect(threshold({ people: 1, photos: 5, falseAcceptTarget: 1 }, builtInConstants)).toBe(Number.POSITIVE_INFINITY);
  });

  it('never rises when people join, photos are added or fewer strangers may pass', () => {
    fc.assert(
      fc.property(people, photos, falseAcceptTarget, (n, k, target) => {
        const limit = threshold({ people: n, photos: k, falseAcceptTarget: target }, builtInConstants);
        expect(threshold({ people: n + 1, photos: k, falseAcceptTarget: target }, builtInConstants)).toBeLessThan(limit);
        expect(threshold({ people: n, photos: k + 1, falseAcceptTarget: target }, builtInConstants)).toBeLessThanOrEqual(limit);
        expect(threshold({ people: n, photos: k, falseAcceptTarget: target / 2 }, builtInConstants)).toBeLessThan(limit);
      }),
    );
  });
});
