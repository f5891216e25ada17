import fc from 'fast-check';
import { builtInConstants } from './constants.js';
import { decide } from './decide.js';
import type { Decision } from './decision.js';
import type { Prediction } from './ports.js';

const cosineAt = (distance: number) => 1 - distance ** 2 / 2;

/** A prediction with each person at a distance. */
function at(distances: readonly number[]): Prediction {
  return {
    similarities: Float32Array.from(distances, cosineAt),
    probabilities: new Float32Array(distances.length).fill(1 / distances.length),
  };
}

function decisionOf(photos: readonly number[]): Decision {
  return {
    v: 1,
    rule: 'capped-margin',
    people: photos.map((n, i) => ({ id: `per_${i}`, photos: n })),
    strangers: { photos: 0, lowest: [] },
  };
}

describe('the decision', () => {
  it.each([
    ['a face near one person is that person', [0.3, 0.7], 0.01, 'per_0'],
    ['order of the outputs does not matter', [0.7, 0.3], 0.01, 'per_1'],
    ['a face far from everyone is a stranger', [0.6, 0.7], 0.01, null],
    ['a face between two people is neither', [0.33, 0.34], 0.001, null],
    ['the same distance with nobody else about is accepted', [0.33], 0.001, 'per_0'],
    ['a face that passes at 1 % strangers', [0.365, 0.7], 0.01, 'per_0'],
    ['is a stranger at 0.1 %', [0.365, 0.7], 0.001, null],
  ])('%s', (_, distances, target, expected) => {
    const { found } = decide(at(distances), decisionOf(distances.map(() => 5)), target);
    expect(found?.personId ?? null).toBe(expected);
  });

  it('takes the number of photos of the person who is nearest', () => {
    const { threshold: oneForTheNearest } = decide(at([0.4, 0.7]), decisionOf([1, 10]), 0.01);
    const { threshold: tenForTheNearest } = decide(at([0.7, 0.4]), decisionOf([1, 10]), 0.01);
    expect(oneForTheNearest - tenForTheNearest).toBeCloseTo(0.5583 - 0.5302, 10);
  });

  it('goes by the constants that the version came with', () => {
    const constants = { ...builtInConstants, strangerMeans: [[1, 1.38] as [number, number]] };
    expect(decide(at([1.1, 1.4]), decisionOf([5, 5]), 0.01).found).toBeNull();
    expect(decide(at([1.1, 1.4]), { ...decisionOf([5, 5]), constants }, 0.01).found?.personId).toBe('per_0');
  });

  it('lists everyone nearest first, with what the model said', () => {
    const prediction = { similarities: Float32Array.of(0.25, 0.5), probabilities: Float32Array.of(0.125, 0.875) };
    expect(decide(prediction, decisionOf([1, 1]), 0.01).candidates).toEqual([
      { personId: 'per_1', similarity: 0.5, probability: 0.875 },
      { personId: 'per_0', similarity: 0.25, probability: 0.125 },
    ]);
  });

  it('finds nobody when the numbers are not numbers', () => {
    const nothing = Float32Array.of(Number.NaN, Number.NaN);
    expect(decide({ similarities: nothing, probabilities: nothing }, decisionOf([5, 5]), 0.01).found).toBeNull();
  });

  it('finds whoever scores at or below the threshold, and then always the nearest', () => {
    const distances = fc.array(fc.double({ min: 0, max: 1.4, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(distances, fc.double({ min: 1e-5, max: 0.5, noNaN: true }), (d, target) => {
        const verdict = decide(at(d), decisionOf(d.map((_, i) => i + 1)), target);
        expect(verdict.found !== null).toBe(verdict.score <= verdict.threshold);
        if (verdict.found) expect(verdict.found).toBe(verdict.candidates[0]);
        expect(verdict.candidates[0]?.similarity).toBe(Math.max(...at(d).similarities));
        expect(verdict.candidates).toHaveLength(d.length);
      }),
    );
  });
});
