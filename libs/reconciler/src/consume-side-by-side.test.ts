import { eventually } from '@facehash/testing';
import { consumeSideBySide } from './consume-side-by-side.js';

describe('commands that are consumed side by side', () => {
  it('end with their signal, all of them', async () => {
    const stop = new AbortController();
    let open = 0;
    const consume = async (_handle: unknown, signal: AbortSignal): Promise<void> => {
      open++;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      open--;
    };
    const ended = consumeSideBySide({ consume }, async () => undefined, stop.signal);
    await eventually(() => open > 1);
    stop.abort();
    await ended;
    expect(open).toBe(0);
  });

  it('leave no consumer behind when one of them fails', async () => {
    let begun = 0;
    let open = 0;
    const consume = async (_handle: unknown, signal: AbortSignal): Promise<void> => {
      if (++begun === 1) throw new Error('for good');
      open++;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      open--;
    };
    await expect(consumeSideBySide({ consume }, async () => undefined, new AbortController().signal)).rejects.toThrow('for good');
    expect(begun).toBeGreaterThan(1);
    expect(open).toBe(0);
  });
});
