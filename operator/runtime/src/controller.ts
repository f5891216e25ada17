import { asFaceHashError, FaceHashError, type Logger, type Random } from '@facehash/kernel';
import { hasApiCode } from './api-error.js';
import type { RuntimeMetrics } from './metrics.js';
import type { Outcome } from './outcome.js';
import { within, type RuntimeClock } from './runtime-clock.js';
import type { Cached } from './store.js';
import type { Change, Watched } from './watched.js';
import { WorkQueue } from './work-queue.js';

/** Looks at one object, by its key, and does what is missing. Must stop when the signal aborts, and must do no harm when it is called again. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<Outcome>;

export interface ControllerOptions {
  readonly name: string;
  readonly reconcile: Reconcile;
  /** Keys that are worked on at once. */
  readonly workers?: number;
  /** Of one look at one key. */
  readonly deadlineMs?: number;
  readonly keysMax?: number;
  readonly clock: RuntimeClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
}

/** What a reconcile has beyond its deadline to give up; who takes longer will not come back. */
const STUCK_AFTER_MS = 30_000;

/** Keys go in from caches, workers take them out, and what a worker found decides when a key is looked at again. */
export class Controller {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly #deadlineMs: number;
  readonly #workers: number;
  readonly #logger: Logger;
  readonly #active = new Map<string, number>();

  constructor(private readonly options: ControllerOptions) {
    this.name = options.name;
    this.queue = new WorkQueue(options);
    this.#deadlineMs = options.deadlineMs ?? 120_000;
    this.#workers = options.workers ?? 4;
    this.#logger = options.logger.child({ controller: options.name });
  }

  /** Queues the keys that `keys` names for each change; by default the changed object's own. */
  follows<T extends Cached>(watched: Watched<T>, keys: (change: Change<T>) => readonly string[] = ({ key }) => [key]): this {
    watched.subscribe((change) => {
      for (const key of keys(change)) this.queue.add(key, change.fresh ? 'fresh' : 'resync');
    });
    return this;
  }

  /** The key whose worker should have been back long ago, if there is one. */
  get stuck(): string | undefined {
    const latest = this.options.clock.monotonicMs() - this.#deadlineMs - STUCK_AFTER_MS;
    for (const [key, sinceMs] of this.#active) if (sinceMs < latest) return key;
    return undefined;
  }

  /** Once. Works until the queue is closed; an abort breaks off what is under way. Resolves when every worker is back. */
  async run(signal: AbortSignal): Promise<void> {
    const { metrics } = this.options;
    const labels = { controller: this.name };
    const gauges = [
      metrics.gauge('controller_runtime_active_workers', labels, () => this.#active.size),
      metrics.gauge('controller_runtime_max_concurrent_reconciles', labels, () => this.#workers),
    ];
    await Promise.all(Array.from({ length: this.#workers }, () => this.#work(signal)));
    for (const unregister of gauges) unregister();
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let key = await this.queue.take(); key !== undefined; key = await this.queue.take()) {
      // Whoever leads no more must not begin anything.
      if (!signal.aborted) await this.#look(key, signal);
      this.queue.done(key);
    }
  }

  async #look(key: string, signal: AbortSignal): Promise<void> {
    const { clock, metrics, reconcile } = this.options;
    const began = clock.monotonicMs();
    this.#active.set(key, began);
    const reason = (): Error => new FaceHashError('DEADLINE_EXCEEDED', { afterMs: this.#deadlineMs });
    try {
      this.#after(key, await within({ clock, ms: this.#deadlineMs, reason }, (limit) => reconcile(key, limit), signal));
    } catch (error) {
      if (!signal.aborted) this.#thrown(key, error);
    } finally {
      this.#active.delete(key);
      const seconds = (clock.monotonicMs() - began) / 1000;
      metrics.observe('controller_runtime_reconcile_time_seconds', { controller: this.name }, seconds);
    }
  }

  #after(key: string, outcome: Outcome): void {
    this.queue.forget(key);
    switch (outcome.kind) {
      case 'settled':
        return this.#count('success');
      case 'waiting':
        this.#logger.debug('waiting', { key, why: outcome.why, retryAfterMs: outcome.retryAfterMs });
        this.queue.addAfter(key, outcome.retryAfterMs);
        return this.#count('requeue_after');
      case 'terminal':
        this.#logger.error('no retry will help', { key, why: outcome.why });
        this.options.metrics.count('controller_runtime_terminal_reconcile_errors_total', { controller: this.name });
        return this.#count('error');
    }
  }

  #thrown(key: string, error: unknown): void {
    // Somebody wrote in between: that is what conflicts are for, and the next look sees it.
    if (hasApiCode(error, 'conflict')) this.#logger.debug('somebody else wrote at the same time', { key });
    else this.#logger.error('a reconcile failed', { key, failures: this.queue.failures(key) + 1, error: asError(error) });
    this.options.metrics.count('controller_runtime_reconcile_errors_total', { controller: this.name });
    this.#count('error');
    this.queue.retry(key, hasApiCode(error, 'throttled', 'unavailable') ? error.retryAfterMs : undefined);
  }

  #count(result: 'success' | 'requeue_after' | 'error'): void {
    this.options.metrics.count('controller_runtime_reconcile_total', { controller: this.name, result });
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : asFaceHashError(thrown);
}
