import { getEventListeners } from 'node:events';
import { unlessAborted } from './unless-aborted.js';

describe('a wait that a signal may end', () => {
  const never = new Promise<never>(() => undefined);

  it('gives what the work gives, and leaves nothing at the signal', async () => {
    const { signal } = new AbortController();
    await expect(unlessAborted(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(unlessAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends with the reason, also where the signal aborted before', async () => {
    const stop = new AbortController();
    const waiting = unlessAborted(never, stop.signal);
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(unlessAborted(Promise.resolve(1), stop.signal)).rejects.toBe(reason);
  });
});
