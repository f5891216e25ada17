import type { Logger, Random } from '@facehash/kernel';
import { hasApiCode } from './api-error.js';
import type { KubeClient } from './kube-client.js';
import { leaseSpec, leaseStep, microTime, observed, type LeaseRecord, type Observation } from './lease-record.js';
import type { RuntimeMetrics } from './metrics.js';
import type { KubeObject } from './raw-object.js';
import { leases } from './resource.js';
import type { RuntimeClock } from './runtime-clock.js';

export interface LeaderElectionOptions {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace'>;
  readonly namespace: string;
  readonly name: string;
  /** Of this very process, never used before: two that share one both lead. */
  readonly identity: string;
  /** After so long without a renewal others take over. */
  readonly leaseDurationMs?: number;
  /** After so long without a renewal the leader steps down; less than the duration, so that it is out before another is in. */
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
  /** The least number that a term of ours may have, asked when one begins. A Lease that was deleted would count from 0 again. */
  readonly termAtLeast?: () => number;
  readonly clock: RuntimeClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
}

/** What is left of a stop for giving the lease back: a server that does not answer by then has others wait for the lease to end. */
const RELEASE_MS = 2_000;

/**
 * At most one of the processes that share a Lease leads.
 *
 *     standby ──(none holds it, or the holder has been silent for the lease's duration)──► leading
 *     leading ──(no renewal for the renew deadline)──► lost: the end, also of the process
 *     leading ──(stop)──► released: the next one leads at once
 *
 * Two may *believe* it for a moment, when one of them was stopped and does not know yet. Whatever a leader writes outside of the API server
 * carries its `term`, and a reader refuses what is lower.
 */
export class LeaderElection {
  readonly #times: { readonly durationMs: number; readonly renewMs: number; readonly retryMs: number };
  #seen: Observation | undefined;
  #highestTerm = -1;
  /** When the last renewal that succeeded was asked for. */
  #renewedAtMs: number | undefined;
  #term: number | undefined;
  #running = false;
  #unregister = (): void => undefined;

  constructor(private readonly options: LeaderElectionOptions) {
    const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = options;
    if (!(leaseDurationMs > renewDeadlineMs && renewDeadlineMs > retryPeriodMs)) {
      throw new RangeError('a lease must last longer than its renew deadline, and that longer than the pause between two tries');
    }
    this.#times = { durationMs: leaseDurationMs, renewMs: renewDeadlineMs, retryMs: retryPeriodMs };
  }

  /** The term in which this process leads; undefined as soon as it may not any more, also if nothing had time yet to notice. */
  get term(): number | undefined {
    return this.#leftMs > 0 ? this.#term : undefined;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Who holds the lease, as it was seen last. */
  get holder(): string | undefined {
    return this.#seen?.record?.holder;
  }

  /** Resolves with the term once this process leads; rejects with the signal's reason when that aborts before. */
  async acquire(signal: AbortSignal): Promise<number> {
    const { metrics, name } = this.options;
    this.#running = true;
    this.#unregister = metrics.gauge('leader_election_master_status', { name }, () => (this.term === undefined ? 0 : 1));
    try {
      for (;;) {
        const term = await this.#try(signal).catch((error: unknown) => this.#later(error, signal));
        if (term !== undefined) return term;
        await this.#pause(signal);
      }
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** Keeps what `acquire` got. Resolves to `lost` when it could not be renewed in time, and to `stopped` when the signal aborts: then `release` it. */
  async hold(signal: AbortSignal): Promise<'lost' | 'stopped'> {
    const { name, logger } = this.options;
    while (!signal.aborted && this.#leftMs > 0) {
      await this.#pause(signal, this.#leftMs).catch(() => undefined);
      if (signal.aborted || this.#leftMs <= 0) break;
      await this.#try(signal).catch((error: unknown) => (signal.aborted ? undefined : this.#later(error, signal)));
      if (this.#deposed) this.#term = this.#renewedAtMs = undefined;
    }
    this.#end();
    if (signal.aborted) return 'stopped';
    this.#term = undefined;
    logger.error('the lease is lost: this process leads no more', { lease: name, holder: this.holder });
    return 'lost';
  }

  /** Gives the lease back, so that the next one need not wait. Only when nothing works any more. Never rejects. */
  async release(): Promise<void> {
    const { logger, name } = this.options;
    if (this.term === undefined) return;
    this.#term = undefined;
    try {
      // A renewal that was broken off may have been written.
      await this.#giveBack().catch(async (error: unknown) => {
        if (!hasApiCode(error, 'conflict') || this.#deposed) throw error;
        await this.#giveBack();
      });
      logger.info('the lease was given back', { lease: name });
    } catch (error) {
      logger.warn('the lease could not be given back: others wait until it ends', { lease: name, error });
    }
  }

  #end(): void {
    this.#running = false;
    this.#unregister();
  }

  async #giveBack(): Promise<void> {
    const seen = this.#seen;
    if (seen?.record === undefined) return;
    const record = { ...seen.record, holder: '', durationSeconds: 1, renewedAt: microTime(this.options.clock.now()) };
    await this.#write({ record, resourceVersion: seen.resourceVersion, deadlineMs: RELEASE_MS });
  }

  get #leftMs(): number {
    if (this.#renewedAtMs === undefined) return 0;
    return this.#renewedAtMs + this.#times.renewMs - this.options.clock.monotonicMs();
  }

  /** Somebody else is named. A Lease that is gone names nobody, and the next renewal makes it again. */
  get #deposed(): boolean {
    const record = this.#seen?.record;
    return record !== undefined && record.holder !== this.options.identity;
  }

  /** One try to get or to keep it: the term if we lead now. */
  async #try(signal: AbortSignal): Promise<number | undefined> {
    const { clock, identity } = this.options;
    // A leader knows what it wrote and needs no look first; a conflict says that somebody else wrote.
    if (this.#term === undefined) await this.#look(signal);
    const seen = this.#seen ?? observed(undefined, undefined, clock.monotonicMs());
    const step = leaseStep(seen, identity, clock.monotonicMs());
    if (step.kind === 'wait') return undefined;
    const askedAtMs = clock.monotonicMs();
    const record = this.#record(seen.record, step.kind);
    await this.#write({ record, resourceVersion: seen.resourceVersion, deadlineMs: this.#tryMs }, signal);
    this.#renewedAtMs = askedAtMs;
    this.#term = this.#highestTerm = record.transitions;
    return this.#term;
  }

  #record(before: LeaseRecord | undefined, step: 'create' | 'renew' | 'take'): LeaseRecord {
    const { clock, identity, termAtLeast = () => 0 } = this.options;
    const now = microTime(clock.now());
    const durationSeconds = Math.ceil(this.#times.durationMs / 1000);
    if (step === 'renew' && before !== undefined) return { ...before, durationSeconds, renewedAt: now };
    const transitions = Math.max(this.#highestTerm + 1, (before?.transitions ?? -1) + 1, termAtLeast());
    return { holder: identity, durationSeconds, acquiredAt: now, renewedAt: now, transitions };
  }

  async #look(signal?: AbortSignal): Promise<void> {
    const { client, namespace, name, clock } = this.options;
    const lease = await client.get(leases, { namespace, name }, { urgent: true, deadlineMs: this.#tryMs }, signal);
    this.#saw(observed(this.#seen, lease, clock.monotonicMs()));
  }

  async #write({ record, resourceVersion, deadlineMs }: LeaseWrite, signal?: AbortSignal): Promise<void> {
    const { client, namespace, name, clock } = this.options;
    const metadata = { name, namespace, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    const lease: KubeObject = { metadata, spec: leaseSpec(record) };
    const options = { urgent: true, deadlineMs };
    try {
      const written =
        resourceVersion === undefined
          ? await client.create(leases, lease, options, signal)
          : await client.replace(leases, lease, options, signal);
      this.#saw(observed(this.#seen, written, clock.monotonicMs()));
    } catch (error) {
      // What we know is no longer so: look before the next try, and do not count on being the holder.
      if (hasApiCode(error, 'conflict', 'alreadyExists', 'notFound')) await this.#look(signal);
      throw error;
    }
  }

  #saw(seen: Observation): void {
    this.#seen = seen;
    // A Lease that somebody deletes is made again by whoever saw its last term.
    this.#highestTerm = Math.max(this.#highestTerm, seen.record?.transitions ?? -1);
  }

  /** Time for one try: a leader whose connection leads nowhere has time for another on a new one, and knows in time when it had none. */
  get #tryMs(): number {
    const most = Math.ceil(this.#times.renewMs / 3);
    return this.#term === undefined ? most : Math.max(1, Math.min(most, this.#leftMs));
  }

  #pause(signal: AbortSignal, mostMs = Number.POSITIVE_INFINITY): Promise<void> {
    const { clock, random } = this.options;
    return clock.sleep(Math.min(mostMs, this.#times.retryMs * (0.8 + 0.4 * random.next())), signal);
  }

  /** Whatever went wrong, the next try may do better; only a stop ends it. */
  #later(error: unknown, signal: AbortSignal): undefined {
    if (signal.aborted) throw signal.reason;
    const lostRace = hasApiCode(error, 'conflict', 'alreadyExists');
    if (!lostRace) this.options.logger.warn('the lease could not be read or written', { lease: this.options.name, error });
    return undefined;
  }
}

interface LeaseWrite {
  readonly record: LeaseRecord;
  readonly resourceVersion: string | undefined;
  readonly deadlineMs: number;
}
