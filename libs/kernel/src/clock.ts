import { FaceHashError } from './errors.js';

/** Time as an argument: nothing but a composition root reads the machine's clock. */
export interface Clock {
  now(): Date;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};

/** A signal that aborts with DEADLINE_EXCEEDED after `ms`, or as soon as `parent` aborts. The timer does not keep a process alive. */
export function deadline(ms: number, parent?: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new FaceHashError('DEADLINE_EXCEEDED', { afterMs: ms })), ms);
  timer.unref();
  return parent ? AbortSignal.any([parent, controller.signal]) : controller.signal;
}
