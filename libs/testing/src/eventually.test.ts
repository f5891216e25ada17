import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, untilItPasses } from './eventually.js';

/** A look that sees one after another, and the last one from then on; an error is a look that fails. */
function sees<T>(...things: readonly (T | Error)[]): { readonly look: () => Promise<T>; readonly count: () => number } {
  let looks = 0;
  const look = async (): Promise<T> => {
    const thing = things[Math.min(looks++, things.length - 1)];
    if (thing instanceof Error) throw thing;
    return thing as T;
  };
  return { look, count: () => looks };
}

describe('what comes to hold eventually', () => {
  it('is looked at until it holds, and no more, and is resolved to', async () => {
    const { look, count } = sees({ status: 503 }, { status: 404 }, { status: 200 });
    expect(await eventually(look, ({ status }) => status === 200)).toEqual({ status: 200 });
    expect(count()).toBe(3);
  });

  it.each([['the text'], [''], [0], [null], [true]])(
    'is what is neither false nor undefined where nothing else is asked for: %j',
    async (last) => {
      const { look, count } = sees<unknown>(false, undefined, last);
      expect(await eventually(look)).toBe(last);
      expect(count()).toBe(3);
    },
  );

  it('may be seen without waiting for it', async () => {
    let looks = 0;
    expect(await eventually(() => ++looks > 2)).toBe(true);
    expect(looks).toBe(3);
  });

  it('does not hold where a look fails, or where the question does', async () => {
    let thrown = false;
    const throwsAtOnce = (): string => {
      if (thrown) return 'seen';
      thrown = true;
      throw new Error('at once');
    };
    expect(await eventually(throwsAtOnce)).toBe('seen');
    const { look } = sees<readonly string[]>(new Error('not yet'), [], ['a']);
    const first = ([name]: readonly string[]): string => {
      if (name === undefined) throw new Error('none');
      return name;
    };
    expect(await eventually(look, (names) => first(names) === 'a')).toEqual(['a']);
  });

  it('is given up after its time, which is told with what was seen last and the last failure', async () => {
    const failure = new Error('connection refused');
    const { look } = sees({ status: 503 }, failure);
    const waiting = eventually(look, ({ status }) => status === 200, { withinMs: 100 });
    await expect(waiting).rejects.toMatchObject({
      message: expect.stringMatching(
        /^it did not come to hold in \d+\.\d s; what was seen last: \{ status: 503 \}; the last failure: Error: connection refused$/,
      ) as string,
      cause: failure,
    });
  });

  it('is told shortly, and without a failure where there was none', async () => {
    const waiting = eventually(
      () => 'x'.repeat(10_000),
      (text) => text === '',
      { withinMs: 0 },
    );
    const error = await waiting.then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error?.message).toMatch(/what was seen last: 'x+.{0,30}…$/);
    expect(error?.message.length).toBeLessThan(1_100);
    expect(error?.cause).toBeUndefined();
  });

  it('is looked at once more when the time is over, however long the rest between two looks', async () => {
    const { look, count } = sees(false);
    await expect(eventually(look, { withinMs: 50, everyMs: 60_000 })).rejects.toThrow('what was seen last: false');
    // More often than twice where a timer is early, as it counts from when the event loop last looked at the clock.
    expect(count()).toBeGreaterThan(1);
  });

  it('is looked at less often where a look takes long', async () => {
    let looks = 0;
    const slow = async (): Promise<boolean> => {
      looks++;
      await sleep(100);
      return false;
    };
    await expect(eventually(slow, { withinMs: 650 })).rejects.toThrow('did not come to hold');
    // 100 ms of each 300; without a rest they would be six.
    expect(looks).toBeLessThanOrEqual(4);
  });
});

describe('assertions that pass in the end', () => {
  it('resolve to what they do', async () => {
    const { look } = sees<string | undefined>(new Error('not yet'), undefined);
    expect(await untilItPasses(look)).toBeUndefined();
  });

  it('are given up with their last failure as it is', async () => {
    const last = new Error('still not');
    const { look, count } = sees<never>(new Error('not yet'), last);
    await expect(untilItPasses(look, { withinMs: 50 })).rejects.toBe(last);
    expect(count()).toBeGreaterThan(1);
  });
});
