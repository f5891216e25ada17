import { systemClock, type Clock } from '@facehash/kernel';

/** The wall clock may be set forward or back at any time: nothing that measures how long something took may look at it. */
export interface RuntimeClock extends Clock {
  /** Milliseconds since some moment, which nobody can set. */
  monotonicMs(): number;
}

export const systemRuntimeClock: RuntimeClock = { ...systemClock, monotonicMs: () => performance.now() };

/**
 * Does `work` with a signal that aborts after `ms`, or with the parent. Unlike the kernel's `deadline` it leaves no timer behind once the
 * work is over, however many calls a second there are, and it runs on the clock that it is given.
 */
export async function within<T>(
  { clock, ms, reason }: { readonly clock: Clock; readonly ms: number; readonly reason: () => Error },
  work: (signal: AbortSignal) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const over = new AbortController();
  const onParent = (): void => controller.abort(parent?.reason);
  if (parent?.aborted === true) onParent();
  parent?.addEventListener('abort', onParent, { once: true });
  clock.sleep(ms, over.signal).then(
    () => controller.abort(reason()),
    () => undefined,
  );
  try {
    return await work(controller.signal);
  } finally {
    parent?.removeEventListener('abort', onParent);
    over.abort();
  }
}
