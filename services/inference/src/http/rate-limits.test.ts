import fc from 'fast-check';
import { FakeClock } from '@facehash/kernel/testing';
import { aModelState } from '@facehash/messaging-core/testing';
import { RateLimits, takeToken, type Bucket } from './rate-limits.js';

const limited = (requestsPerSecond: number | null, burst: number | null = null, storageId = 'fm-1') =>
  aModelState({ storageId, limits: { people: 1, photos: 1, requestsPerSecond, burst } });

describe('a token bucket', () => {
  it('never lets through more than its burst and its rate, whenever requests come, and lets through who waited as told', () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(pauses, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 10 }), (between, perSecond, burst) => {
        let [bucket, now, passed]: [Bucket | undefined, number, number] = [undefined, 1000, 0];
        for (const pause of between) {
          now += pause;
          const taken = takeToken(bucket, { perSecond, burst }, now);
          bucket = taken.bucket;
          if (taken.waitMs === 0) passed++;
          else expect(takeToken(bucket, { perSecond, burst }, now + taken.waitMs + 1).waitMs).toBe(0);
        }
        expect(passed).toBeLessThanOrEqual(burst + ((now - 1000) / 1000) * perSecond + 1e-6);
      }),
    );
  });

  it('gains nothing from a clock that is set back', () => {
    const { bucket } = takeToken(undefined, { perSecond: 1, burst: 1 }, 10_000);
    expect(takeToken(bucket, { perSecond: 1, burst: 1 }, 5000).waitMs).toBe(1000);
  });
});

describe('the rate of a key', () => {
  const clock = new FakeClock();

  it('is none where the model sets none', () => {
    const rates = new RateLimits(clock);
    for (let i = 0; i < 1000; i++) rates.take(limited(null));
  });

  it('is refused over the limit with the time to wait, and is that of the model alone', () => {
    const rates = new RateLimits(clock);
    rates.take(limited(0.5, 2));
    rates.take(limited(0.5, 2));
    expect(refusalOf(() => rates.take(limited(0.5, 2)))).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs: 2000 } });
    rates.take(limited(0.5, 2, 'fm-2'));
    clock.advance(2000);
    rates.take(limited(0.5, 2));
  });

  it('allows at once what comes in a second, and at least one', () => {
    const rates = new RateLimits(clock);
    for (let i = 0; i < 3; i++) rates.take(limited(2.5));
    expect(() => rates.take(limited(2.5))).toThrow();
    rates.take(limited(0.1, null, 'fm-2'));
    expect(() => rates.take(limited(0.1, null, 'fm-2'))).toThrow();
  });

  it('takes a changed limit for the next request', () => {
    const rates = new RateLimits(clock);
    rates.take(limited(0.1, 1));
    expect(() => rates.take(limited(0.1, 1))).toThrow();
    rates.take(limited(null));
  });

  it('is remembered for a bounded number of models', () => {
    const rates = new RateLimits(clock, 2);
    for (const id of ['fm-1', 'fm-2', 'fm-3']) rates.take(limited(0.1, 1, id));
    expect(() => rates.take(limited(0.1, 1, 'fm-3'))).toThrow();
    rates.take(limited(0.1, 1, 'fm-1'));
  });
});

function refusalOf(take: () => void): unknown {
  try {
    take();
  } catch (error) {
    return error;
  }
  return undefined;
}
