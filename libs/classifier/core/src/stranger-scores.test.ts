import { threshold } from './capped-margin.js';
import { builtInConstants } from './constants.js';
import { acceptLimit, strangerScoresOf } from './stranger-scores.js';

const gallery = { people: 40, photos: 5, falseAcceptTarget: 0.01 };
const limit = threshold(gallery, builtInConstants);
/** 1,000 photos, `passing` of which score just below the limit. */
const scores = (passing: number, below = 0.005) =>
  strangerScoresOf(Array.from({ length: 1000 }, (_, i) => limit + (i < passing ? -below : 0.1 + i / 10_000)));

describe('the limit', () => {
  it('is that of the constants while no more strangers pass than may', () => {
    expect(acceptLimit(gallery, scores(0), builtInConstants)).toBe(limit);
    expect(acceptLimit(gallery, scores(10), builtInConstants)).toBe(limit);
  });

  it('is tightened where the version’s own photos show that more would pass', () => {
    const tightened = acceptLimit(gallery, scores(11), builtInConstants);
    expect(tightened).toBeLessThan(limit - 0.005);
    expect(tightened).toBeGreaterThan(limit - 0.006);
  });

  it('is not tightened by two records of one person to where nobody is recognised', () => {
    expect(acceptLimit(gallery, scores(40, 0.3), builtInConstants)).toBeCloseTo(limit - 0.03, 9);
  });

  it('is left alone by few people, and by few photos', () => {
    const few = { ...gallery, people: 19 };
    expect(acceptLimit(few, scores(500, 0.2), builtInConstants)).toBe(threshold(few, builtInConstants));
    expect(acceptLimit(gallery, strangerScoresOf(Array.from({ length: 400 }, () => 0)), builtInConstants)).toBe(limit);
    const strict = { ...gallery, falseAcceptTarget: 0.001 };
    expect(acceptLimit(strict, scores(500, 0.2), builtInConstants)).toBe(threshold(strict, builtInConstants));
  });

  it('keeps a bounded number of scores, the lowest', () => {
    const kept = strangerScoresOf(Array.from({ length: 5000 }, (_, i) => 5000 - i));
    expect(kept.photos).toBe(5000);
    expect(kept.lowest).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
  });
});
