import { backoffMs, type Logger, type Random } from '@facehash/kernel';
import { hasApiCode } from './api-error.js';
import type { KubeClient, Selection } from './kube-client.js';
import { listAll } from './list-all.js';
import type { RuntimeMetrics } from './metrics.js';
import { keyOf, type KubeObject } from './raw-object.js';
import type { Resource } from './resource.js';
import type { RuntimeClock } from './runtime-clock.js';
import { Store, type Cached, type IndexOf } from './store.js';
import type { WatchEvent } from './watch-events.js';
import { Watchdog, WatchStalled } from './watchdog.js';

/** What happened to one object. `resync`: nothing that we know of, it is only being looked at again. */
export interface Change<T> {
  readonly kind: 'added' | 'changed' | 'deleted' | 'resync';
  readonly key: string;
  /** As it is now, or as it was last seen before it was deleted. */
  readonly object: T;
  readonly previous?: T | undefined;
  /** False for what was found when the cache was filled, and for a resync: nobody is waiting for that. */
  readonly fresh: boolean;
}

export interface WatchedOptions<T extends Cached> extends Selection {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly resource: Resource;
  /** What is kept of an object; it must keep the metadata. Where it throws, the cache keeps what it had, and the log says so. */
  readonly transform: (object: KubeObject) => T;
  readonly indexes?: Readonly<Record<string, IndexOf<T>>>;
  readonly pageSize?: number;
  /** Between two lists, with jitter: heals what no watch told. */
  readonly resyncMs?: number;
  /** Silence after which a watch is taken for dead. The server sends a bookmark about every minute. */
  readonly stallMs?: number;
  readonly clock: RuntimeClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
}

type Handler<T> = (change: Change<T>) => void;
/** Why a watch is over. */
type End = 'ended' | 'resync' | 'expired' | 'stalled' | 'failed';

const RETRY = { firstMs: 200, maxMs: 30_000 };
/** Refusals in a row after which the position is doubted: a server that was restored from a backup knows it no more. */
const REFUSALS_MAX = 3;
const TIMEOUT_SECONDS = { least: 300, most: 600 };
/** A server that ends watches at once, and without an error, must not be asked without a pause. */
const SHORT_MS = 1_000;

/**
 * A cache of one resource that keeps itself current: list, then watch from there, for ever.
 *
 *     listing ──► watching ──(the server's timeout)──► watching from where it was
 *        ▲           ├─(410: the position is gone; or a resync is due)──► listing
 *        └───────────┴─(reset, silence, refusal)──► pause with backoff ──► watching from where it was, or listing
 *
 * It is never to be trusted for uniqueness: it may be behind by any time, which `stalenessMs` says.
 */
export class Watched<T extends Cached = KubeObject> {
  readonly #store: Store<T>;
  readonly #handlers: Handler<T>[] = [];
  readonly #whenSynced = Promise.withResolvers<undefined>();
  #position: string | undefined;
  #synced = false;
  #running = false;
  #failures = 0;
  #refusals = 0;
  #resyncAtMs = 0;
  /** When the cache was last known to be current, and when the server was last heard of. */
  #currentAtMs: number;
  #trouble: string | undefined;

  constructor(private readonly options: WatchedOptions<T>) {
    this.#store = new Store(options.indexes);
    this.#currentAtMs = options.clock.monotonicMs();
  }

  get resource(): Resource {
    return this.options.resource;
  }

  get size(): number {
    return this.#store.size;
  }

  /** Whether everything that existed at the start is here. */
  get synced(): boolean {
    return this.#synced;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Since the cache was last known to be current. */
  get stalenessMs(): number {
    return this.options.clock.monotonicMs() - this.#currentAtMs;
  }

  /** What went wrong last; undefined once it has been well again. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  get(key: string): T | undefined {
    return this.#store.get(key);
  }

  list(): readonly T[] {
    return [...this.#store.values()];
  }

  byIndex(name: string, value: string): readonly T[] {
    return this.#store.byIndex(name, value);
  }

  /** Called for every change, in order, and before anything else happens: it should only queue keys. Whoever comes late missed nothing, if they list. */
  subscribe(handler: Handler<T>): void {
    this.#handlers.push(handler);
  }

  /** Resolves once it is synced, at once if it is. */
  async whenSynced(): Promise<void> {
    await this.#whenSynced.promise;
  }

  /** Works until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { metrics, clock, resource } = this.options;
    const labels = { resource: resource.plural };
    const gauges = [
      metrics.gauge('watch_cache_staleness_seconds', labels, () => this.stalenessMs / 1000),
      metrics.gauge('watch_cache_objects', labels, () => this.size),
    ];
    this.#running = true;
    try {
      while (!signal.aborted) {
        const pauseMs = await this.#cycle(signal);
        if (pauseMs > 0) await clock.sleep(pauseMs, signal).catch(() => undefined);
      }
    } finally {
      this.#running = false;
      for (const unregister of gauges) unregister();
    }
  }

  /** One list where one is due, then one watch. Resolves to the pause before the next. */
  async #cycle(signal: AbortSignal): Promise<number> {
    const { clock, metrics, resource } = this.options;
    const began = clock.monotonicMs();
    try {
      if (this.#position === undefined || began >= this.#resyncAtMs) await this.#list(signal);
      const end = await this.#watch(signal);
      if (!signal.aborted) metrics.count('watch_cache_restarts_total', { resource: resource.plural, reason: end });
      return end === 'ended' && clock.monotonicMs() - began < SHORT_MS ? this.#pauseMs(undefined) : 0;
    } catch (error) {
      if (signal.aborted) return 0;
      return this.#failed(error);
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, resource, transform, pageSize = 500, resyncMs = 600_000, clock, random } = this.options;
    const before = new Set(this.#store.keys());
    const position = await listAll(
      { client, resource, selection: this.options, pageSize },
      (object) => {
        before.delete(keyOf(object.metadata));
        this.#put(object, transform);
      },
      signal,
    );
    for (const key of before) this.#remove(key);
    this.#position = position;
    this.#resyncAtMs = clock.monotonicMs() + resyncMs * (0.9 + 0.2 * random.next());
    this.#well();
    this.#synced = true;
    this.#whenSynced.resolve(undefined);
  }

  async #watch(signal: AbortSignal): Promise<End> {
    const { client, resource, random } = this.options;
    const timeoutSeconds = Math.round(TIMEOUT_SECONDS.least + (TIMEOUT_SECONDS.most - TIMEOUT_SECONDS.least) * random.next());
    const watchdog = new Watchdog(this.options.clock, { stallMs: this.options.stallMs ?? 150_000, endAtMs: this.#resyncAtMs });
    const heard = AbortSignal.any([signal, watchdog.signal]);
    const dog = watchdog.run();
    try {
      const options = { ...this.options, resourceVersion: this.#position ?? '', timeoutSeconds };
      for await (const event of client.watch(resource, options, heard)) {
        watchdog.heard();
        if (event.kind === 'error') throw event.error;
        this.#take(event);
      }
      return 'ended';
    } catch (error) {
      if (watchdog.resyncDue) return 'resync';
      throw error;
    } finally {
      watchdog.stop();
      await dog;
    }
  }

  #take(event: Exclude<WatchEvent, { kind: 'error' }>): void {
    this.#position = event.resourceVersion;
    this.#well();
    if (event.kind === 'bookmark') return;
    if (event.kind === 'deleted') return this.#remove(keyOf(event.object.metadata));
    this.#put(event.object, this.options.transform);
  }

  #put(object: KubeObject, transform: (object: KubeObject) => T): void {
    const key = keyOf(object.metadata);
    const known = this.#store.get(key);
    // The same as it was: kept, so that a list of everything makes no garbage of everything.
    if (known !== undefined && known.metadata.resourceVersion === object.metadata.resourceVersion) {
      return this.#tell({ kind: 'resync', key, object: known, previous: known, fresh: false });
    }
    try {
      const now = transform(object);
      const previous = this.#store.set(key, now);
      this.#tell({ kind: previous === undefined ? 'added' : 'changed', key, object: now, previous, fresh: this.#synced });
    } catch (error) {
      this.options.logger.error('an object could not be cached', { resource: this.resource.plural, key, error });
    }
  }

  #remove(key: string): void {
    const object = this.#store.delete(key);
    if (object !== undefined) this.#tell({ kind: 'deleted', key, object, fresh: true });
  }

  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) {
      try {
        handler(change);
      } catch (error) {
        this.options.logger.error('a handler of changes failed', { resource: this.resource.plural, key: change.key, error });
      }
    }
  }

  #well(): void {
    this.#currentAtMs = this.options.clock.monotonicMs();
    this.#failures = this.#refusals = 0;
    this.#trouble = undefined;
  }

  #failed(error: unknown): number {
    const { metrics, resource, logger } = this.options;
    const expired = hasApiCode(error, 'gone');
    const reason: End = expired ? 'expired' : error instanceof WatchStalled ? 'stalled' : 'failed';
    metrics.count('watch_cache_restarts_total', { resource: resource.plural, reason });
    if (hasApiCode(error, 'forbidden', 'invalid', 'notFound', 'unavailable') && error.status !== undefined) this.#refusals++;
    if (expired || this.#refusals >= REFUSALS_MAX) this.#position = undefined;
    this.#trouble = error instanceof Error ? error.message : String(error);
    logger.warn('a watch broke off and starts again', { resource: resource.plural, reason, error });
    return this.#pauseMs(hasApiCode(error, 'throttled', 'unavailable') ? error.retryAfterMs : undefined);
  }

  #pauseMs(retryAfterMs: number | undefined): number {
    return Math.max(retryAfterMs ?? 0, backoffMs(this.#failures++, RETRY, this.options.random));
  }
}
