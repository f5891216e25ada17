import { hasCode, type Clock, type Logger } from '@facehash/kernel';

/** A store that is away concerns every model at once: it is said once when it begins and once when it is over, and not for each of them. */
export class Outage {
  #sinceMs: number | undefined;
  #failures = 0;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Whether this is why something failed. */
  isWhy(error: unknown): boolean {
    if (!hasCode(error, 'STORE_UNAVAILABLE')) return false;
    this.#failures++;
    if (this.#sinceMs !== undefined) return true;
    this.#sinceMs = this.clock.now().getTime();
    this.logger.warn('a store does not answer: models are looked at again until it does', { error });
    return true;
  }

  /** Something was done with all stores. */
  worked(): void {
    if (this.#sinceMs === undefined) return;
    const { clock, logger } = this;
    logger.info('the stores answer again', { afterMs: clock.now().getTime() - this.#sinceMs, failures: this.#failures });
    this.#sinceMs = undefined;
    this.#failures = 0;
  }
}
