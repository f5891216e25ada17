import { seededRandom, supervise } from './index.js';
import { FakeClock, RecordingLogger } from './testing/index.js';

describe('a background task that fails', () => {
  it('is told of once while it fails in the same way, however often it is tried, and again when it fails otherwise', async () => {
    expect(await supervised(['away', 'away', 'away', 'broken', 'broken'])).toEqual(['Error: away', 'Error: broken']);
  });

  it('is told of again when it had been well for a while', async () => {
    expect(await supervised(['away', 'away'], 61_000)).toEqual(['Error: away', 'Error: away']);
  });
});

/** A task that fails with one message after the other, after `wellMs` each time, and then no more. */
async function supervised(failures: readonly string[], wellMs = 0) {
  const [clock, log, stop] = [new FakeClock(), new RecordingLogger(), new AbortController()];
  let begun = 0;
  const task = (): Promise<void> => {
    const failure = failures[begun++];
    if (failure === undefined) return clock.sleep(Number.MAX_SAFE_INTEGER, stop.signal);
    clock.advance(wellMs);
    return Promise.reject(new Error(failure));
  };
  const running = supervise(task, { what: 'task', clock, random: seededRandom(1), logger: log, signal: stop.signal });
  while (begun <= failures.length) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(31_000);
  }
  stop.abort();
  await running;
  return log.lines.filter(({ level }) => level === 'error').map(({ fields }) => String(fields['error']));
}
