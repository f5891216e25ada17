import { supervise, unlessAborted, type Logger, type Random } from '@facehash/kernel';
import type { Controller } from './controller.js';
import type { LeaderElection } from './leader-election.js';
import type { RuntimeClock } from './runtime-clock.js';
import type { Watched } from './watched.js';

/** What the manager needs of a cache, whatever is in it. */
export type Cache = Pick<Watched, 'resource' | 'synced' | 'running' | 'trouble' | 'whenSynced' | 'run'>;

/** Works beside the workers, also in a standby. */
export interface Background {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

export interface ManagerOptions {
  readonly caches: readonly Cache[];
  readonly controllers: readonly Controller[];
  /** Without one, this process is taken for the only one. */
  readonly election?: LeaderElection;
  readonly background?: readonly Background[];
  /** The lease is lost. The process has to end: what it believes to know may be anybody's by now. */
  readonly onLost: () => void;
  /** For work that is under way when it stops. All of the stop may take ten seconds more: leave them in terminationGracePeriodSeconds. */
  readonly graceMs?: number;
  readonly clock: RuntimeClock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface Health {
  readonly ok: boolean;
  readonly reasons: readonly string[];
}

/** What an aborted reconcile has to come back, and the rest to end. */
const ABORTED_MS = 2_000;

/**
 * The parts of an operator in their order: caches, then leadership, then workers; and back: workers, then the lease, then caches. A standby
 * has its caches and queues filled, and only lacks the lease.
 */
export class Manager {
  readonly #stopAsked = new AbortController();
  readonly #endWork = new AbortController();
  readonly #endHold = new AbortController();
  readonly #endCaches = new AbortController();
  readonly #loops: Promise<unknown>[] = [];
  #leading: Promise<void> | undefined;
  #workers: { readonly done: Promise<unknown>; over: boolean } | undefined;
  #stopped: Promise<void> | undefined;
  #fault: string | undefined;

  constructor(private readonly options: ManagerOptions) {}

  /** Returns at once; `readiness` says when the caches are synced. */
  start(): void {
    const { caches, background = [], logger, random, clock } = this.options;
    const signal = this.#endCaches.signal;
    for (const cache of caches) this.#loops.push(cache.run(signal).catch((error: unknown) => this.#broke('a watch ended', error)));
    for (const { name, run } of background.map((task) => ({ name: task.name, run: () => task.run(signal) }))) {
      this.#loops.push(supervise(run, { what: name, clock, random, logger, signal }));
    }
    this.#leading = this.#lead().catch((error: unknown) => {
      if (!this.#stopAsked.signal.aborted) this.#broke('the loop of leadership ended', error);
    });
  }

  /** Whether workers work here. */
  get leads(): boolean {
    return this.#workers !== undefined && !this.#workers.over;
  }

  /** Not well is what only a restart can heal. */
  liveness(): Health {
    const { caches, controllers } = this.options;
    const started = this.#leading !== undefined && !this.#stopAsked.signal.aborted;
    const dead = started ? caches.filter((cache) => !cache.running) : [];
    const stuck = controllers.filter(({ stuck }) => stuck !== undefined);
    return healthOf([
      ...(this.#fault === undefined ? [] : [this.#fault]),
      ...dead.map(({ resource }) => `the watch of ${resource.plural} ended`),
      ...stuck.map(({ name, stuck }) => `a worker of ${name} is stuck at ${stuck ?? ''}`),
    ]);
  }

  /** A standby is ready, too: its caches are what makes it take over at once. */
  readiness(): Health {
    const unsynced = this.options.caches.filter(({ synced }) => !synced);
    return healthOf([
      ...(this.#leading === undefined ? ['it was not started'] : []),
      ...(this.#stopAsked.signal.aborted ? ['it is stopping'] : []),
      ...unsynced.map(({ resource, trouble }) => `${resource.plural} are not synced${trouble === undefined ? '' : `: ${trouble}`}`),
    ]);
  }

  /** Within the grace period and ten seconds. Never rejects, and may be called again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #lead(): Promise<void> {
    const { caches, election, logger, onLost } = this.options;
    const signal = this.#stopAsked.signal;
    await unlessAborted(Promise.all(caches.map((cache) => cache.whenSynced())), signal);
    const term = await election?.acquire(signal);
    signal.throwIfAborted();
    logger.info('this process leads', { term });
    this.#startWorkers();
    if ((await election?.hold(this.#endHold.signal)) !== 'lost') return;
    this.#fault = 'the lease is lost';
    this.#endWork.abort(new Error(this.#fault));
    for (const { queue } of this.options.controllers) queue.close();
    onLost();
  }

  #startWorkers(): void {
    const done = Promise.all(this.options.controllers.map((controller) => controller.run(this.#endWork.signal)));
    const workers = { done, over: false };
    this.#workers = workers;
    done.then(
      () => (workers.over = true),
      (error: unknown) => {
        workers.over = true;
        this.#broke('the workers ended', error);
      },
    );
  }

  #broke(fault: string, error: unknown): void {
    this.#fault = fault;
    this.options.logger.error(fault, { error });
  }

  async #stop(): Promise<void> {
    const { controllers, election, logger, graceMs = 20_000 } = this.options;
    this.#stopAsked.abort(new Error('stopping'));
    for (const { queue } of controllers) queue.close();
    const drained = await this.#drain(graceMs);
    this.#endHold.abort(new Error('stopping'));
    await this.#leading;
    // Who still works must not be overlapped by the next leader: then the lease ends by itself.
    if (drained) await election?.release();
    else logger.error('work under way did not end in time: the lease is not given back', { graceMs });
    this.#endCaches.abort(new Error('stopping'));
    await this.#ends(Promise.allSettled(this.#loops), ABORTED_MS);
  }

  async #drain(graceMs: number): Promise<boolean> {
    if (this.#workers === undefined) return true;
    const done = this.#workers.done.catch(() => undefined);
    if (await this.#ends(done, graceMs)) return true;
    this.#endWork.abort(new Error('the grace period is over'));
    return this.#ends(done, ABORTED_MS);
  }

  /** Whether it ends within the time. */
  async #ends(work: Promise<unknown>, ms: number): Promise<boolean> {
    const over = new AbortController();
    const slept = this.options.clock.sleep(ms, over.signal).then(
      () => false,
      () => false,
    );
    const ended = await Promise.race([work.then(() => true), slept]);
    over.abort();
    return ended;
  }
}

function healthOf(reasons: readonly string[]): Health {
  return { ok: reasons.length === 0, reasons };
}
