import type { Random } from './random.js';

export interface BackoffPolicy {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * The pause before retry number `attempt` (0 for the first), in ms: "full jitter", uniform in [0, min(max, first * 2^attempt)).
 * Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
 */
export function backoffMs(attempt: number, policy: BackoffPolicy, random: Random): number {
  return random.next() * Math.min(policy.maxMs, policy.firstMs * 2 ** attempt);
}
