import { once, type EventEmitter } from 'node:events';

/** What the work gives, or the signal's reason as soon as it aborts; what becomes of the work then is nobody's concern. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    const done = (): void => signal.removeEventListener('abort', giveUp);
    signal.addEventListener('abort', giveUp, { once: true });
    void work.then(resolve, reject).finally(done);
    if (signal.aborted) giveUp();
  });
}

/** Resolves when the signal has aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Resolves with the next event of that name; rejects with the signal's reason. */
export async function heard(emitter: EventEmitter, name: string, signal: AbortSignal): Promise<void> {
  try {
    await once(emitter, name, { signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}
