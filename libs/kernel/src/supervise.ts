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

/**
 * Keeps a background task running until the signal aborts: one that ends or throws starts again after a growing, jittered pause. The log hears
 * of a failure that comes again and again once, and of each other one. Never rejects.
 */
export async function supervise(task: () => Promise<void>, { what, clock, random, logger, signal }: SuperviseOptions): Promise<void> {
  let said: string | undefined;
  for (let failures = 0; !signal.aborted; failures++) {
    const began = clock.now().getTime();
    const failure = await failureOf(task);
    if (clock.now().getTime() - began > WELL_AFTER_MS) [failures, said] = [0, undefined];
    if (!signal.aborted && !failure) logger.warn('a background task ended and starts again', { what });
    if (!signal.aborted && failure) {
      const level = said === failure.text ? 'debug' : 'error';
      logger[level]('a background task failed and starts again', { what, error: failure.error });
      said = failure.text;
    }
    await clock.sleep(backoffMs(failures, RESTART, random) + RESTART.firstMs / 2, signal).catch(() => undefined);
  }
}

async function failureOf(task: () => Promise<void>): Promise<{ readonly error: unknown; readonly text: string } | undefined> {
  try {
    await task();
    return undefined;
  } catch (error) {
    return { error, text: String(error) };
  }
}
