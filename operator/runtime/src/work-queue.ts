import { backoffMs, type BackoffPolicy, type Random } from '@facehash/kernel';
import { DelayedKeys } from './delayed-keys.js';
import type { RuntimeMetrics } from './metrics.js';
import type { RuntimeClock } from './runtime-clock.js';

/** Somebody waits for what is `fresh`; a `resync` is only a second look. */
export type Lane = 'fresh' | 'resync';

export interface WorkQueueOptions {
  readonly name: string;
  readonly clock: RuntimeClock;
  readonly random: Random;
  readonly metrics: RuntimeMetrics;
  /** Keys that wait, now or for later; more are refused. */
  readonly keysMax?: number;
  readonly backoff?: BackoffPolicy;
}

/** That of client-go: the first retry at once, the last ones a quarter of an hour apart. */
const BACKOFF: BackoffPolicy = { firstMs: 5, maxMs: 1_000_000 };
/** setTimeout takes what is longer than 24.8 days for nothing: long waits are slept in pieces. */
const SLEEP_MS_MAX = 3_600_000;
/** So often the resync lane goes first, so that a stream of edits cannot keep it waiting for ever. */
const RESYNC_EVERY = 10;

/**
 * Keys that somebody has to look at. A key waits once, however often it is added, and is with one worker at a time: what is added
 * meanwhile waits until that worker is done. What is due later and is added now is looked at now, and the outcome of that decides anew.
 */
export class WorkQueue {
  readonly #lanes: Readonly<Record<Lane, Map<string, number>>> = { fresh: new Map(), resync: new Map() };
  readonly #delayed = new DelayedKeys();
  readonly #delayedLane = new Map<string, Lane>();
  /** Keys that are with a worker, since when, and whether they were added again. */
  readonly #working = new Map<string, { readonly sinceMs: number; again: Lane | undefined }>();
  readonly #failures = new Map<string, number>();
  readonly #waiting: ((key: string | undefined) => void)[] = [];
  readonly #gauges: readonly (() => void)[];
  #alarm: { readonly atMs: number; readonly off: AbortController } | undefined;
  #taken = 0;
  #closed = false;

  constructor(private readonly options: WorkQueueOptions) {
    const { metrics } = options;
    const labels = this.#labels;
    this.#gauges = [
      metrics.gauge('workqueue_depth', labels, () => this.depth),
      metrics.gauge('workqueue_unfinished_work_seconds', labels, () => this.#ages().reduce((sum, age) => sum + age, 0) / 1000),
      metrics.gauge('workqueue_longest_running_processor_seconds', labels, () => Math.max(0, ...this.#ages()) / 1000),
    ];
  }

  /** Keys that are ready. */
  get depth(): number {
    return this.#lanes.fresh.size + this.#lanes.resync.size;
  }

  /** Keys that are due later. */
  get delayed(): number {
    return this.#delayed.size;
  }

  /** Failures of a key in a row. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** False when the queue is full or closed: a resync will bring the key again. */
  add(key: string, lane: Lane = 'fresh'): boolean {
    if (this.#closed) return false;
    const working = this.#working.get(key);
    if (working !== undefined) {
      if (working.again !== 'fresh') working.again = lane;
      return true;
    }
    if (this.#lanes.fresh.has(key) || (lane === 'resync' && this.#lanes.resync.has(key))) return true;
    if (!this.#mayHold(key)) return false;
    const since = this.#lanes.resync.get(key) ?? this.options.clock.monotonicMs();
    this.#lanes.resync.delete(key);
    this.#forgetDelay(key);
    this.#lanes[lane].set(key, since);
    this.options.metrics.count('workqueue_adds_total', this.#labels);
    this.#hand();
    return true;
  }

  /** Adds it when `ms` have passed, or when it was to be added before that, then. What is ready needs no second time. */
  addAfter(key: string, ms: number, lane: Lane = 'fresh'): boolean {
    if (ms <= 0) return this.add(key, lane);
    if (this.#closed) return false;
    if (this.#lanes.fresh.has(key) || this.#lanes.resync.has(key)) return true;
    if (!this.#mayHold(key)) return false;
    this.#delayed.add(key, this.options.clock.monotonicMs() + ms);
    if (this.#delayedLane.get(key) !== 'fresh') this.#delayedLane.set(key, lane);
    this.#arm();
    return true;
  }

  /** Adds it after a pause that grows with each failure in a row, and is `leastMs` at least. */
  retry(key: string, leastMs = 0): void {
    const failures = this.failures(key);
    this.#failures.set(key, failures + 1);
    this.options.metrics.count('workqueue_retries_total', this.#labels);
    // Above nothing: a key that fails is never with a worker again in the same breath.
    this.addAfter(key, Math.max(1, leastMs, backoffMs(failures, this.options.backoff ?? BACKOFF, this.options.random)));
  }

  /** It went well: the next failure is the first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, as soon as there is one; undefined once the queue is closed. `done` must follow. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#hand();
    });
  }

  done(key: string): void {
    const working = this.#working.get(key);
    if (working === undefined) return;
    this.#working.delete(key);
    const seconds = (this.options.clock.monotonicMs() - working.sinceMs) / 1000;
    this.options.metrics.observe('workqueue_work_duration_seconds', this.#labels, seconds);
    if (working.again !== undefined) this.add(key, working.again);
  }

  /** Nothing is taken in or given out any more: what waits is found again by whoever comes next. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#alarm?.off.abort();
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
    for (const unregister of this.#gauges) unregister();
  }

  get #labels(): { readonly name: string; readonly controller: string } {
    return { name: this.options.name, controller: this.options.name };
  }

  #ages(): readonly number[] {
    const now = this.options.clock.monotonicMs();
    return [...this.#working.values()].map(({ sinceMs }) => now - sinceMs);
  }

  #mayHold(key: string): boolean {
    const held = this.#delayed.has(key) || this.#lanes.resync.has(key) || this.#working.has(key);
    if (held || this.depth + this.#delayed.size < (this.options.keysMax ?? 100_000)) return true;
    this.options.metrics.count('workqueue_refused_total', this.#labels);
    return false;
  }

  #forgetDelay(key: string): void {
    this.#delayed.delete(key);
    this.#delayedLane.delete(key);
  }

  #hand(): void {
    while (this.#waiting.length > 0 && this.depth > 0) {
      const { fresh, resync } = this.#lanes;
      const resyncFirst = resync.size > 0 && (fresh.size === 0 || this.#taken % RESYNC_EVERY === RESYNC_EVERY - 1);
      const lane = resyncFirst ? resync : fresh;
      for (const [key, sinceMs] of lane) {
        lane.delete(key);
        this.#taken++;
        const now = this.options.clock.monotonicMs();
        this.#working.set(key, { sinceMs: now, again: undefined });
        this.options.metrics.observe('workqueue_queue_duration_seconds', this.#labels, (now - sinceMs) / 1000);
        this.#waiting.shift()?.(key);
        break;
      }
    }
  }

  /** One timer for all that is due later. */
  #arm(): void {
    const atMs = this.#delayed.nextAtMs;
    if (atMs === this.#alarm?.atMs || this.#closed) return;
    this.#alarm?.off.abort();
    this.#alarm = undefined;
    if (atMs === undefined) return;
    const { clock } = this.options;
    const alarm = { atMs, off: new AbortController() };
    this.#alarm = alarm;
    const sleepMs = Math.min(SLEEP_MS_MAX, Math.max(0, atMs - clock.monotonicMs()));
    clock.sleep(sleepMs, alarm.off.signal).then(
      () => this.#ring(),
      () => undefined,
    );
  }

  #ring(): void {
    this.#alarm = undefined;
    const now = this.options.clock.monotonicMs();
    for (let key = this.#delayed.takeDue(now); key !== undefined; key = this.#delayed.takeDue(now)) {
      const lane = this.#delayedLane.get(key) ?? 'fresh';
      this.#delayedLane.delete(key);
      this.add(key, lane);
    }
    this.#arm();
  }
}
