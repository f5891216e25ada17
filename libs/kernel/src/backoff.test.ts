import { backoffMs, retry } from './backoff.js';
import { FaceHashError } from './errors.js';
import { seededRandom } from './random.js';
import { FakeClock } from './testing/fake-clock.js';

const policy = { firstMs: 10, maxMs: 1000, attempts: 4 };

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

describe('a retry', () => {
  const context = () => ({ clock: new FakeClock(), random: seededRandom(1) });

  it('ends with the first success', async () => {
    const { clock, random } = context();
    let calls = 0;
    const done = retry(
      async () => {
        calls++;
        if (calls < 3) throw new FaceHashError('STORE_UNAVAILABLE');
        return calls;
      },
      policy,
      { clock, random },
    );
    await drive(clock, done);
    expect(await done).toBe(3);
  });

  it('gives up with the last error when the attempts are used up', async () => {
    const { clock, random } = context();
    let calls = 0;
    const done = retry(() => Promise.reject(new FaceHashError('STORE_UNAVAILABLE', { call: ++calls })), policy, { clock, random });
    done.catch(() => undefined);
    await drive(clock, done);
    await expect(done).rejects.toMatchObject({ details: { call: 4 } });
  });

  it('does not repeat what cannot get better', async () => {
    let calls = 0;
    await expect(retry(() => Promise.reject(new FaceHashError('IMAGE_UNREADABLE', { call: ++calls })), policy, context())).rejects.toMatchObject({ details: { call: 1 } });
  });
});

async function drive(clock: FakeClock, work: Promise<unknown>): Promise<void> {
  let settled = false;
  void work.then(
    () => (settled = true),
    () => (settled = true),
  );
  while (!settled) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1000);
  }
}
