import { systemClock, systemRandom } from '@facehash/kernel';
import { temporaryFolder, type TemporaryFolder } from '@facehash/testing';
import { PointerLock } from './pointer-lock.js';

describe('the lock of a pointer', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder[Symbol.asyncDispose]());
  const enough = new Error('enough');
  const lock = (waitMs?: number): PointerLock => new PointerLock(folder.path, systemClock, systemRandom, waitMs);

  it.each([
    ['in one line', (): readonly PointerLock[] => Array<PointerLock>(10).fill(lock())],
    ['each for itself', (): readonly PointerLock[] => Array.from({ length: 10 }, () => lock())],
  ])('lets one at a time through, of those who wait %s', async (_, locks) => {
    let inside = 0;
    const alone = async (): Promise<void> => {
      expect(++inside).toBe(1);
      await systemClock.sleep(1);
      inside--;
    };
    await Promise.all(locks().map((l) => l.alone('key', alone)));
  });

  it('is free again when the work failed', async () => {
    const one = lock();
    await expect(one.alone('key', () => Promise.reject(enough))).rejects.toBe(enough);
    expect(await one.alone('key', async () => 'done')).toBe('done');
    expect(await lock().alone('key', async () => 'done')).toBe('done');
  });

  it.each([
    ['in the same line', (held: PointerLock) => held],
    ['from elsewhere', () => lock()],
  ])('is waited for until a signal aborts, %s', async (_, waiter) => {
    const held = lock();
    await held.alone('key', async () => {
      const stop = new AbortController();
      const waiting = waiter(held).alone('key', async () => undefined, stop.signal);
      setImmediate(() => stop.abort(enough));
      await expect(waiting).rejects.toBe(enough);
    });
    expect(await held.alone('key', async () => 'next')).toBe('next');
  });

  it('is waited for no longer than it may take', async () => {
    const held = lock();
    await held.alone('key', async () => {
      await expect(lock(20).alone('key', async () => undefined)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    });
  });
});
