import fc from 'fast-check';
import { builtInConstants, type DecisionConstants } from './constants.js';
import { evaluationOf, outOfFold, type OutOfFoldResult } from './evaluation.js';
import { comparePaired, judge, signTest, type ActiveVersion } from './gate.js';
import { aGallery } from './testing/index.js';

const gallery = { people: 10, falseAcceptTarget: 0.01, constants: builtInConstants };
const near = 0.2;
const far = 0.6;

const after = (photo: string, correct: boolean, score = near): OutOfFoldResult => ({
  photo,
  personId: 'a',
  correct,
  score,
  strangerScore: null,
  photosBehind: 4,
});
const before = (
  photos: Readonly<Record<string, { correct: boolean; score: number }>>,
  constants: DecisionConstants = builtInConstants,
): ActiveVersion => ({ evaluation: { v: 1, photos }, constants });

describe('the sign test', () => {
  it.each([
    [0, 0, 1],
    [1, 0, 0.5],
    [4, 0, 0.0625],
    [5, 0, 0.03125],
    [5, 5, 0.623046875],
    [9, 1, 0.0107421875],
    [0, 8, 1],
  ])('%d lost and %d gained by chance: %d', (lost, gained, chance) => {
    expect(signTest(lost, gained)).toBeCloseTo(chance, 12);
  });

  it('holds for a hundred thousand changes', () => {
    expect(signTest(50_000, 50_000)).toBeCloseTo(0.5, 2);
    expect(signTest(51_000, 49_000)).toBeLessThan(1e-9);
  });

  it('gets less likely with each loss and likelier with each gain', () => {
    const count = fc.integer({ min: 0, max: 200 });
    fc.assert(
      fc.property(count, count, (lost, gained) => {
        expect(signTest(lost + 1, gained)).toBeLessThanOrEqual(signTest(lost, gained) + 1e-12);
        expect(signTest(lost, gained + 1)).toBeGreaterThanOrEqual(signTest(lost, gained) - 1e-12);
      }),
    );
  });
});

describe('the paired comparison', () => {
  it('counts what was lost and what was gained among the photos that both know', () => {
    const active = before({
      p1: { correct: true, score: near },
      p2: { correct: false, score: near },
      p3: { correct: true, score: near },
      gone: { correct: true, score: near },
    });
    const candidate = [after('p1', false), after('p2', true), after('p3', true), after('new', false)];
    expect(comparePaired(active, candidate, gallery)).toEqual({ photos: 3, lost: 1, gained: 1 });
  });

  it('counts a photo whose person is still the nearest, but too far to be named, as lost', () => {
    expect(comparePaired(before({ p1: { correct: true, score: near } }), [after('p1', true, far)], gallery)).toEqual({
      photos: 1,
      lost: 1,
      gained: 0,
    });
  });

  it('does not hold it against a version that people joined and the threshold fell', () => {
    const limitOfTen = 0.4;
    const active = before({ p1: { correct: true, score: limitOfTen } });
    expect(comparePaired(active, [after('p1', true, limitOfTen)], { ...gallery, people: 500 })).toEqual({ photos: 1, lost: 0, gained: 0 });
  });

  it('measures a version of another descriptor network by the constants of that network', () => {
    const wider: DecisionConstants = { ...builtInConstants, strangerMeans: [[1, 1.4]], strangerDeviation: 0.06 };
    const photos = { p1: { correct: true, score: 1 } };
    expect(comparePaired(before(photos, wider), [after('p1', true, near)], gallery)).toEqual({ photos: 1, lost: 0, gained: 0 });
    expect(comparePaired(before(photos), [after('p1', true, near)], gallery)).toEqual({ photos: 1, lost: 0, gained: 1 });
  });
});

describe('the gate', () => {
  it.each([
    ['has nothing to say without common photos', { photos: 0, lost: 0, gained: 0 }, 'NotApplicable'],
    ['lets the same pass', { photos: 100, lost: 0, gained: 0 }, 'Passed'],
    ['lets four losses pass as chance', { photos: 100, lost: 4, gained: 0 }, 'Passed'],
    ['refuses five losses and no gain', { photos: 100, lost: 5, gained: 0 }, 'Refused'],
    ['lets five losses pass beside two gains', { photos: 100, lost: 5, gained: 2 }, 'Passed'],
    ['lets a better version pass', { photos: 100, lost: 0, gained: 30 }, 'Passed'],
  ] as const)('%s', (_, comparison, verdict) => {
    expect(judge(comparison).verdict).toBe(verdict);
  });

  it('says in words what was lost', () => {
    expect(judge({ photos: 250, lost: 9, gained: 1 }).message).toBe(
      'of 250 enrolled photos that both versions were tested with, the new one loses 9 and gains 1: significantly worse than the active version ' +
        '(p = 0.011). Look for photos of the wrong person among the newest ones',
    );
  });

  it('lets a gallery that only grows pass, and refuses one in which photos of others were mixed under every name', () => {
    const all = aGallery({ people: 12, photos: 10 });
    const [early, late] = [all.filter((_, i) => i % 10 < 5), all.filter((_, i) => i % 10 >= 5)];
    const active = { evaluation: evaluationOf([...outOfFold(early, builtInConstants)]), constants: builtInConstants };
    const verdictOf = (samples: typeof all) =>
      judge(comparePaired(active, [...outOfFold(samples, builtInConstants)], { ...gallery, people: 12 })).verdict;
    expect(verdictOf(all)).toBe('Passed');
    const mixedUp = late.map((sample, i) => ({ ...sample, personId: late[(i + 5) % late.length]?.personId ?? '' }));
    expect(verdictOf([...early, ...mixedUp])).toBe('Refused');
  });
});
