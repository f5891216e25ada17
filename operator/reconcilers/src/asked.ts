import { FaceHashError } from '@facehash/kernel';
import type { Observed } from '@facehash/lifecycle';

/** What a command wants of a model, and whom to tell once that is recorded. */
export interface Wish {
  readonly wish: Pick<Observed, 'activate'>;
  readonly recorded: () => void;
}

/** Wishes that nothing can be re-read from, until a pass has recorded them. The newest of a model takes the place of one before. */
export class Asked {
  readonly #wishes = new Map<string, Wish & { readonly settle: () => void }>();

  of(storageId: string): Wish | undefined {
    return this.#wishes.get(storageId);
  }

  /** Resolves when a pass has recorded it, or a newer one took its place. Rejects with the signal's reason once that aborts. */
  async activate(storageId: string, activate: NonNullable<Observed['activate']>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const onAbort = (): void => reject(signal.reason ?? new FaceHashError('DEADLINE_EXCEEDED'));
    signal.addEventListener('abort', onAbort, { once: true });
    this.#wishes.get(storageId)?.settle();
    const settle = (): void => resolve(undefined);
    const wish = { wish: { activate }, recorded: () => this.#recorded(storageId, wish), settle };
    this.#wishes.set(storageId, wish);
    await promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  /** Another command may have come meanwhile. */
  #recorded(storageId: string, wish: { readonly settle: () => void }): void {
    wish.settle();
    if (this.#wishes.get(storageId) === wish) this.#wishes.delete(storageId);
  }
}
