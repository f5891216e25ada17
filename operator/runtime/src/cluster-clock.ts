import type { RuntimeClock } from './runtime-clock.js';

/** A `Date` names the second in which an answer began. */
const SECOND_MS = 1_000;
/** An answer that was longer on its way says too little. */
const ROUND_TRIP_MS_MAX = 2_000;

/**
 * The wall clock of the cluster, as the API server tells it with each of its answers, on top of a clock that nobody can set. What Kubernetes
 * and other pods wrote is judged by it, so neither a machine whose clock is wrong nor one that sets it begins to give up what has just begun.
 * Before the first answer it is the machine's own.
 */
export class ClusterClock implements RuntimeClock {
  /** Of the cluster, at 0 of the monotonic clock. */
  #originMs: number | undefined;

  constructor(private readonly own: RuntimeClock) {}

  now(): Date {
    return this.#originMs === undefined ? this.own.now() : new Date(this.#originMs + this.own.monotonicMs());
  }

  monotonicMs(): number {
    return this.own.monotonicMs();
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.own.sleep(ms, signal);
  }

  /** `date`: the header of an answer that has just come, `roundTripMs` after it was asked for. */
  heard(date: string, roundTripMs: number): void {
    const leastMs = Date.parse(date);
    if (Number.isNaN(leastMs) || roundTripMs > ROUND_TRIP_MS_MAX) return;
    const mostMs = leastMs + SECOND_MS + roundTripMs;
    const nowMs = this.#originMs === undefined ? Number.NaN : this.#originMs + this.own.monotonicMs();
    // What it may be, it is: it is not set again and again by parts of a second.
    if (nowMs >= leastMs && nowMs <= mostMs) return;
    this.#originMs = (leastMs + mostMs) / 2 - this.own.monotonicMs();
  }
}
