import { backoffMs } from './backoff.js';
import type { Clock } from './clock.js';
import type { Logger } from './logger.js';
import type { Random } from './random.js';

const RESTART = { firstMs: 100, maxMs: 30_000 };
/** A task that ran for longer than this was well: its next failure starts with a short pause again. */
const WELL_AFTER_MS = 60_000;

export interface SuperviseOptions {
  /** Names the task in the log. */
  readonly what: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Keeps a background task running until the signal aborts: one that ends or throws starts again after a growing, jittered pause. Never rejects. */
export async function supervise(task: () => Promise<void>, { what, clock, random, logger, signal }: SuperviseOptions): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    const began = clock.now().getTime();
    try {
      await task();
      if (!signal.aborted) logger.warn('a background task ended and starts again', { what });
    } catch (error) {
      if (!signal.aborted) logger.error('a background task failed and starts again', { what, error });
    }
    if (clock.now().getTime() - began > WELL_AFTER_MS) failures = 0;
    await clock.sleep(backoffMs(failures, RESTART, random) + RESTART.firstMs / 2, signal).catch(() => undefined);
  }
}
