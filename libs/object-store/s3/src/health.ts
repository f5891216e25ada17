import type { Logger } from '@facehash/kernel';

export interface StoreHealth {
  readonly ok: boolean;
  /** For an operator, without any secret; `null` when it is well. */
  readonly why: string | null;
}

/** What the last call that got through or failed said of the store. The log hears of changes only. */
export class Health {
  #last: StoreHealth = { ok: false, why: 'the store has not been asked yet' };
  #reached = false;
  #failedLast = false;

  constructor(private readonly logger: Logger) {}

  get last(): StoreHealth {
    return this.#last;
  }

  /** Whether it has ever answered. */
  get reached(): boolean {
    return this.#reached;
  }

  answered(): void {
    if (this.#failedLast) this.logger.info('the object store answers again');
    [this.#last, this.#reached, this.#failedLast] = [{ ok: true, why: null }, true, false];
  }

  failed(why: string): void {
    if (!this.#failedLast) this.logger.warn('the object store does not answer as it should', { why });
    [this.#last, this.#failedLast] = [{ ok: false, why }, true];
  }
}
