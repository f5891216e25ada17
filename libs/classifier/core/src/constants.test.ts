import { builtInConstants, decisionConstantsSchema } from './constants.js';

describe('the constants of a descriptor network', () => {
  it('of the built-in one are what the schema takes', () => {
    expect(decisionConstantsSchema.parse(builtInConstants)).toEqual(builtInConstants);
  });

  it.each([
    ['no means', { strangerMeans: [] }],
    [
      'means out of order',
      {
        strangerMeans: [
          [5, 0.5],
          [1, 0.6],
        ],
      },
    ],
    ['a mean that no two unit vectors can have', { strangerMeans: [[1, 2.1]] }],
    ['no deviation', { strangerDeviation: 0 }],
    ['a field that nobody reads', { extra: 1 }],
  ])('are refused with %s', (_, change) => {
    expect(decisionConstantsSchema.safeParse({ ...builtInConstants, ...change }).success).toBe(false);
  });
});
