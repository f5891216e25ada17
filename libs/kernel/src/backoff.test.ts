import { backoffMs } from './backoff.js';
import { seededRandom } from './random.js';

const policy = { firstMs: 10, maxMs: 1000 };

describe('the pause before a retry', () => {
  it('grows to its bound, with full jitter', () => {
    const top = { next: () => 0.999999, bytes: () => new Uint8Array() };
    expect([0, 1, 2, 20].map((attempt) => Math.round(backoffMs(attempt, policy, top)))).toEqual([10, 20, 40, 1000]);
    const random = seededRandom(3);
    const pauses = Array.from({ length: 200 }, () => backoffMs(3, policy, random));
    expect(Math.min(...pauses)).toBeLessThan(10);
    expect(Math.max(...pauses)).toBeGreaterThan(70);
  });
});
