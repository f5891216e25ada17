import type { Clock } from './clock.js';
import { FaceHashError } from './errors.js';
import type { Random } from './random.js';

export interface BackoffPolicy {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly attempts: number;
}

/**
 * The pause before retry number `attempt` (0 for the first), in ms: "full jitter", uniform in [0, min(max, first * 2^attempt)).
 * Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
 */
export function backoffMs(attempt: number, policy: Pick<BackoffPolicy, 'firstMs' | 'maxMs'>, random: Random): number {
  return random.next() * Math.min(policy.maxMs, policy.firstMs * 2 ** attempt);
}

export interface RetryContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal?: AbortSignal;
}

/** Runs `work` until it succeeds, fails with an error that says `retry: 'never'`, or the attempts are used up; then the last error is thrown. */
export async function retry<T>(work: (attempt: number) => Promise<T>, policy: BackoffPolicy, context: RetryContext): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      const final = error instanceof FaceHashError && error.retry === 'never';
      if (final || attempt + 1 >= policy.attempts || context.signal?.aborted) throw error;
      await context.clock.sleep(backoffMs(attempt, policy, context.random), context.signal);
    }
  }
}
