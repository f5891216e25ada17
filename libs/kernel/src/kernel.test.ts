import fc from 'fast-check';
import { deadline, systemClock } from './clock.js';
import { Closer } from './closer.js';
import { canonicalJson, sha256Hex } from './digest.js';
import { asFaceHashError, FaceHashError } from './errors.js';
import { madeAtMs, newId } from './ids.js';
import { Limiter } from './limiter.js';
import { seededRandom } from './random.js';
import { FakeClock } from './testing/fake-clock.js';

describe('canonical JSON', () => {
  it('is the same whatever the order of the keys, and reads back as the same value', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((k) => k !== '__proto__'),
          fc.jsonValue(),
        ),
        (value) => {
          const reversed = Object.fromEntries(Object.entries(value).reverse());
          expect(canonicalJson(reversed)).toBe(canonicalJson(value));
          expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
        },
      ),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1n, [undefined], undefined])('refuses %p instead of changing it silently', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });

  it('digests as SHA-256 does', () => {
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('an id', () => {
  it('sorts by the time it was made', () => {
    const clock = new FakeClock();
    const random = seededRandom(1);
    const ids = Array.from({ length: 50 }, () => {
      clock.advance(7);
      return newId('per', clock, random);
    });
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(50);
    expect(ids[0]).toMatch(/^per_[0-9a-hjkmnp-tv-z]{26}$/);
  });

  it('tells when it was made; what is no such id does not', () => {
    const clock = new FakeClock();
    expect(madeAtMs(newId('cmd', clock, seededRandom(1)))).toBe(clock.now().getTime());
    for (const other of ['', 'cmd_', 'train-1', `cmd_${'u'.repeat(26)}`, `cmd_${'0'.repeat(25)}`]) expect(madeAtMs(other)).toBeUndefined();
  });
});

describe('the closer', () => {
  it('closes last first, all of them, and tells what failed', async () => {
    const closed: string[] = [];
    const closer = new Closer();
    for (const name of ['a', 'b', 'c']) {
      closer.defer(name, () => {
        closed.push(name);
        if (name === 'b') throw new Error('stuck');
      });
    }
    await expect(closer.close()).rejects.toMatchObject({ errors: [{ message: 'closing b failed' }] });
    expect(closed).toEqual(['c', 'b', 'a']);
    await expect(closer.close()).resolves.toBeUndefined();
  });
});

describe('the limiter', () => {
  it('never runs more at once than it may, and refuses what would wait beyond its bound', async () => {
    const limiter = new Limiter(2, 1);
    let running = 0;
    let most = 0;
    let release: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const task = async () => {
      most = Math.max(most, ++running);
      await gate;
      running--;
    };
    const accepted = [limiter.run(task), limiter.run(task), limiter.run(task)];
    await expect(limiter.run(task)).rejects.toMatchObject({ code: 'OVERLOADED' });
    release?.();
    await Promise.all(accepted);
    expect(most).toBe(2);
  });
});

describe('time', () => {
  it('that runs out says so, and a parent that aborts first gives its own reason', async () => {
    await expect(systemClock.sleep(10_000, deadline(5))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const parent = new AbortController();
    const sleeping = systemClock.sleep(10_000, deadline(10_000, parent.signal));
    parent.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
  });
});

describe('an error', () => {
  it('of ours stays, any other becomes INTERNAL with its cause kept and nothing of it shown', () => {
    const ours = new FaceHashError('NOT_FOUND');
    expect(asFaceHashError(ours)).toBe(ours);
    const theirs = asFaceHashError(new Error('secret path /root'));
    expect(theirs).toMatchObject({ code: 'INTERNAL', retry: 'backoff' });
    expect(theirs.message).not.toContain('secret');
    expect(theirs.cause).toBeDefined();
  });
});
