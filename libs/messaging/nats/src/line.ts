import { EventEmitter } from 'node:events';
import { heard } from './waiting.js';

/**
 * What waits for a reader, at most one thing for each key: a newer one takes the place of the older, so that no line is longer than there
 * are keys, however slow its reader is.
 */
export class Line<T> {
  readonly #waiting = new Map<string, T>();
  readonly #changes = new EventEmitter();
  #broken: { readonly error: unknown } | undefined;

  put(key: string, item: T): void {
    this.#waiting.set(key, item);
    this.#changes.emit('change');
  }

  /** Whoever takes is told why nothing comes any more. */
  break(error: unknown): void {
    this.#broken = { error };
    this.#changes.emit('change');
  }

  /** The next one, or undefined once the signal has aborted. */
  async take(signal: AbortSignal): Promise<T | undefined> {
    while (!signal.aborted) {
      const [first] = this.#waiting;
      if (first) {
        this.#waiting.delete(first[0]);
        return first[1];
      }
      if (this.#broken) throw this.#broken.error;
      await heard(this.#changes, 'change', signal).catch(() => undefined);
    }
    return undefined;
  }
}
