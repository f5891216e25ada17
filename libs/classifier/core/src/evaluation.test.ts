import fc from 'fast-check';
import { cappedMargin, distanceOf } from './capped-margin.js';
import { centroidsOf } from './centroids.js';
import { builtInConstants } from './constants.js';
import { evaluationOf, evaluationSchema, outOfFold, summaryOf } from './evaluation.js';
import { FOLDS, foldOf } from './folds.js';
import type { TrainingSample } from './ports.js';
import { aGallery } from './testing/index.js';

const hex = (fold: number, rest: number) => `${fold.toString(16).padStart(8, '0')}${rest.toString(16).padStart(56, '0')}`;

/** A sample in a given fold: two people at right angles, `x` of the way from the first to the second. */
function aSample(personId: string, fold: number, { x = personId === 'a' ? 0 : 1, id = fold } = {}): TrainingSample {
  const angle = (x * Math.PI) / 2;
  return { personId, photo: hex(fold, id), descriptor: Float32Array.of(Math.cos(angle), Math.sin(angle)), ratios: new Float32Array(0) };
}

describe('a fold', () => {
  it('is one of five and depends on the photo alone', () => {
    const photo = fc.stringMatching(/^[0-9a-f]{64}$/);
    fc.assert(fc.property(photo, (sha256) => foldOf(sha256) >= 0 && foldOf(sha256) < FOLDS && Number.isInteger(foldOf(sha256))));
    expect(foldOf(hex(3, 9))).toBe(3);
  });
});

describe('out-of-fold results', () => {
  it('leave a photo out of its own person’s centroid', () => {
    // The photo in fold 1 looks like the other person; only with itself in the centroid would its own person be as near.
    const samples = [aSample('a', 0), aSample('a', 1, { x: 0.9 }), aSample('b', 0, { id: 7 }), aSample('b', 1, { id: 8 })];
    const stray = [...outOfFold(samples, builtInConstants)].find((r) => r.photo === hex(1, 1));
    expect(stray).toMatchObject({ personId: 'a', correct: false, photosBehind: 1 });
    expect(stray?.score).toBeCloseTo(
      cappedMargin(distanceOf(Math.cos(0.45 * Math.PI)), distanceOf(Math.cos(0.05 * Math.PI)), builtInConstants),
      5,
    );
  });

  it('leave the other photos of the fold out, too', () => {
    const samples = [aSample('a', 0), aSample('a', 1, { id: 1 }), aSample('a', 1, { id: 2 })];
    expect([...outOfFold(samples, builtInConstants)].map((r) => r.photosBehind)).toEqual([2, 1, 1]);
  });

  it('have none for a person with one photo, and none where all photos share a fold', () => {
    expect([...outOfFold([aSample('a', 0), aSample('b', 2, { id: 1 }), aSample('b', 2, { id: 2 })], builtInConstants)]).toEqual([]);
  });

  it('judge the rest of the model against people who cannot be judged themselves', () => {
    const samples = [aSample('a', 0), aSample('a', 1), aSample('b', 2, { x: 0.1 })];
    expect([...outOfFold(samples, builtInConstants)].map((r) => r.score)).toEqual([
      expect.closeTo(0.4 * (0.4 - 0.1569), 3),
      expect.closeTo(0.4 * (0.4 - 0.1569), 3),
    ]);
  });

  it('do not depend on the order of the samples', () => {
    const samples = aGallery({ people: 4, photos: 4 });
    const byPhoto = (results: Iterable<{ photo: string; score: number }>) => new Map([...results].map((r) => [r.photo, r.score]));
    const [first, second] = [byPhoto(outOfFold(samples, builtInConstants)), byPhoto(outOfFold([...samples].reverse(), builtInConstants))];
    expect(second.size).toBe(first.size);
    for (const [photo, score] of first) expect(second.get(photo)).toBeCloseTo(score, 5);
  });

  it('find everyone in a gallery of distinct people', () => {
    const samples = aGallery({ people: 20, photos: 5 });
    const summary = summaryOf([...outOfFold(samples, builtInConstants)], {
      people: 20,
      falseAcceptTarget: 0.01,
      constants: builtInConstants,
    });
    expect(summary.rank1).toBe(1);
    expect(summary.probes).toBeGreaterThan(95);
    expect(summary.knownAcceptRate).toBeGreaterThan(0.5);
  });

  it('are had for 500 people with 20 photos each', () => {
    const samples = aGallery({ people: 500, photos: 20 });
    const results = [...outOfFold(samples, builtInConstants)];
    expect(results).toHaveLength(10_000);
  });
});

describe('the summary', () => {
  const result = (correct: boolean, score: number, strangerScore: number | null = 0.6) => ({
    photo: hex(0, 1),
    personId: 'a',
    correct,
    score,
    strangerScore,
    photosBehind: 5,
  });

  it('says nothing of a model without photos to judge by', () => {
    expect(summaryOf([], { people: 1, falseAcceptTarget: 0.01, constants: builtInConstants })).toEqual({
      probes: 0,
      rank1: null,
      knownAcceptRate: null,
      strangers: { photos: 0, lowest: [] },
    });
  });

  it('counts a photo as accepted when its person was nearest and near enough', () => {
    const results = [result(true, 0.2), result(true, 0.6), result(false, 0.2), result(true, 0.3)];
    expect(summaryOf(results, { people: 2, falseAcceptTarget: 0.01, constants: builtInConstants })).toMatchObject({
      probes: 4,
      rank1: 0.75,
      knownAcceptRate: 0.5,
    });
  });

  it('gives what strangers would score, in order', () => {
    const results = [result(true, 0.5, 0.7), result(false, 0.2, 0.4), result(true, 0.3, null)];
    expect(summaryOf(results, { people: 2, falseAcceptTarget: 0.01, constants: builtInConstants }).strangers).toEqual({
      photos: 2,
      lowest: [0.4, 0.7],
    });
  });
});

describe('evaluation.json', () => {
  it('holds what the next gate compares with', () => {
    const results = [...outOfFold(aGallery({ people: 3, photos: 4 }), builtInConstants)];
    const read = evaluationSchema.parse(JSON.parse(JSON.stringify(evaluationOf(results))));
    for (const { photo, correct, score } of results) expect(read.photos[photo]).toEqual({ correct, score });
  });
});

describe('centroids', () => {
  it('are the normalised means, ordered by person', () => {
    const [a, b] = centroidsOf([aSample('b', 0), aSample('a', 0), aSample('a', 1, { x: 1 })]);
    expect(a).toMatchObject({ personId: 'a', photos: 2 });
    expect([...(a?.direction ?? [])]).toEqual([expect.closeTo(Math.SQRT1_2), expect.closeTo(Math.SQRT1_2)]);
    expect(b).toMatchObject({ personId: 'b', photos: 1 });
  });
});
