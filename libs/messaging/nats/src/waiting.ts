import { once, type EventEmitter } from 'node:events';

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
