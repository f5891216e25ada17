import { deadline, madeAtMs, type Clock, type Logger } from '@facehash/kernel';
import type { Observed } from '@facehash/lifecycle';
import type { Command } from '@facehash/messaging-core';

type Activation = Extract<Command, { readonly kind: 'activate' }>;

/** What a command wants of a model, and whom to tell once that is recorded. */
export interface Wish {
  readonly wish: Pick<Observed, 'activate'>;
  readonly recorded: () => void;
}

/** A command waits so long for a pass before it makes room for others and comes again. What it wants is remembered meanwhile. */
const WAITS_MS = 5_000;
/** Whoever asked over HTTP has been told by then that it took too long (`REQUEST_TIMEOUT_SECONDS` is 30); the rest is for clocks that differ. */
const ANSWERED_AFTER_MS = 60_000;

/** The newest wish of a model, also when it is done with: until nothing older can be taken any more. */
interface Taken extends Wish {
  readonly id: string;
  readonly madeAtMs: number;
  open: boolean;
  /** Of the command that waits for it, if one does. */
  settle: PromiseWithResolvers<undefined> | undefined;
}

/** Wishes that nothing can be re-read from, until a pass has recorded them. */
export class Asked {
  readonly #taken = new Map<string, Taken>();

  constructor(private readonly parts: { readonly clock: Clock; readonly logger: Logger }) {}

  of(storageId: string): Wish | undefined {
    const taken = this.#taken.get(storageId);
    return taken?.open && !this.#isOver(taken.madeAtMs) ? taken : undefined;
  }

  /**
   * Resolves when a pass has recorded it, and when nothing will come of it: a newer one was taken, the model can take none, or nobody can be
   * waiting for an answer any more. Rejects when the pass failed, and when none came in time; then the command has to come again.
   */
  async activate(command: Activation, signal: AbortSignal): Promise<void> {
    this.#forgetOver();
    const { id, storageId } = command;
    // A clock that is ahead must not hold up what is asked for through others.
    const made = Math.min(madeAtMs(id) ?? Infinity, this.#now());
    const before = this.#taken.get(storageId);
    if (before?.id === id) return before.open ? this.#wait(before, signal) : undefined;
    const late = this.#isOver(made) || (before !== undefined && made < before.madeAtMs);
    if (late)
      return this.parts.logger.warn('an activation is dropped: nobody waits for it any more, or a newer one was taken', { storageId, id });
    before?.settle?.resolve(undefined);
    await this.#wait(this.#take(command, made), signal);
  }

  /** A pass over the model failed: what was asked for is remembered for the next one. */
  failed(storageId: string, error: unknown): void {
    this.#taken.get(storageId)?.settle?.reject(error);
  }

  /** No pass will record anything of the model. */
  refuse(storageId: string): void {
    const taken = this.#taken.get(storageId);
    if (taken) close(taken);
  }

  #take({ id, storageId, version }: Activation, made: number): Taken {
    const wish = { activate: { version } };
    const taken: Taken = { id, madeAtMs: made, open: true, settle: undefined, wish, recorded: () => close(taken) };
    this.#taken.set(storageId, taken);
    return taken;
  }

  async #wait(taken: Taken, signal: AbortSignal): Promise<void> {
    const tooLate = deadline(WAITS_MS, signal);
    tooLate.throwIfAborted();
    const settle = Promise.withResolvers<undefined>();
    const onAbort = (): void => settle.reject(tooLate.reason);
    tooLate.addEventListener('abort', onAbort, { once: true });
    taken.settle = settle;
    try {
      await settle.promise;
    } finally {
      tooLate.removeEventListener('abort', onAbort);
      if (taken.settle === settle) taken.settle = undefined;
    }
  }

  #forgetOver(): void {
    for (const [storageId, taken] of this.#taken) if (this.#isOver(taken.madeAtMs) && !taken.settle) this.#taken.delete(storageId);
  }

  #isOver(madeMs: number): boolean {
    return this.#now() - madeMs > ANSWERED_AFTER_MS;
  }

  #now(): number {
    return this.parts.clock.now().getTime();
  }
}

function close(taken: Taken): void {
  taken.open = false;
  taken.settle?.resolve(undefined);
}
