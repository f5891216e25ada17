import { FaceHashError, type Clock } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';

/** A bucket that nobody has asked for in a long time is full again, so the least recently asked may be forgotten. */
const BUCKETS_MAX = 10_000;

interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface Bucket {
  /** 0 to the rate's burst. */
  readonly tokens: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** One request at `now`: the bucket after it, and how long to wait where it was empty (then nothing was taken). */
export function takeToken(
  bucket: Bucket | undefined,
  { perSecond, burst }: Rate,
  now: number,
): { readonly bucket: Bucket; readonly waitMs: number } {
  // A clock that was set back adds nothing.
  const elapsedMs = Math.max(0, now - (bucket?.at ?? now));
  const tokens = Math.min(burst, (bucket?.tokens ?? burst) + (elapsedMs / 1000) * perSecond);
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, at: now }, waitMs: 0 };
  return { bucket: { tokens, at: now }, waitMs: Math.ceil(((1 - tokens) / perSecond) * 1000) };
}

/** A token bucket for each model that has a rate: during a rotation, both of its keys draw from the same one. */
export class RateLimits {
  /** Least recently asked first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(
    private readonly clock: Clock,
    private readonly bucketsMax = BUCKETS_MAX,
  ) {}

  /** Throws RATE_LIMITED, which says how long to wait. */
  take({ storageId, limits: { requestsPerSecond: perSecond, burst } }: ModelState): void {
    if (perSecond === null) return;
    const rate = { perSecond, burst: burst ?? Math.max(1, Math.ceil(perSecond)) };
    const { bucket, waitMs } = takeToken(this.#buckets.get(storageId), rate, this.clock.now().getTime());
    this.#buckets.delete(storageId);
    this.#buckets.set(storageId, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > this.bucketsMax && oldest !== undefined) this.#buckets.delete(oldest);
    if (waitMs > 0)
      throw new FaceHashError('RATE_LIMITED', { retryAfterMs: waitMs, detail: `${perSecond} requests a second, ${rate.burst} at once` });
  }
}
