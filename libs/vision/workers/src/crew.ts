import { Limiter, supervise, type Clock, type Logger, type Random } from '@facehash/kernel';
import { WorkerProcess, type WorkerProgram } from './worker-process.js';

/** Why a worker was replaced: it ended by itself, it hung, it grew, or it had done its share. The last two are planned. */
export type Replacement = 'crash' | 'hang' | 'memory' | 'jobs';

export interface CrewOptions extends WorkerProgram {
  /** A worker whose resident memory is larger after an answer is replaced; without it none is. */
  readonly rssBytesMax?: number;
  /** A worker that answered as often is replaced; without it none is. */
  readonly jobsMax?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface CrewEvents {
  /** A worker is there and has nothing to do. */
  readonly joined: (worker: WorkerProcess) => void;
  /** A worker is gone, or is to get no more work. */
  readonly left: (worker: WorkerProcess) => void;
}

interface Member {
  readonly seat: number;
  readonly wornOut: PromiseWithResolvers<'memory' | 'jobs'>;
  jobs: number;
  rssBytes: number;
  busy: boolean;
  retired: boolean;
}

const CLOSE_GRACE_MS = 2000;
/** After a successor that did not start: until then the old one goes on, however large it is. */
const RETRY_MS = 30_000;

/**
 * Keeps a number of worker processes: one that crashed or hung is followed by the next; one that is worn out works on until its successor is
 * ready, so that a planned replacement refuses nobody. One successor starts at a time, so that memory is never more than one worker over.
 */
export class Crew {
  readonly #options: CrewOptions;
  readonly #events: CrewEvents;
  readonly #closing: AbortSignal;
  readonly #members = new Map<WorkerProcess, Member>();
  readonly #replacing = new Limiter(1);
  readonly #replacements: Record<Replacement, number> = { crash: 0, hang: 0, memory: 0, jobs: 0 };
  #seats: readonly Promise<void>[] = [];

  constructor(options: CrewOptions, events: CrewEvents, closing: AbortSignal) {
    this.#options = options;
    this.#events = events;
    this.#closing = closing;
  }

  /** From now on there are as many, until `closing` aborts. */
  keep(started: readonly WorkerProcess[]): void {
    const { clock, random, logger } = this.#options;
    this.#seats = started.map((worker, seat) => {
      let first: WorkerProcess | undefined = worker;
      const fill = async (): Promise<void> => {
        let current = first ?? (await WorkerProcess.start(this.#options, logger));
        first = undefined;
        this.#join(current, seat);
        for (let next = await this.#successor(current); next; next = await this.#successor(current)) current = next;
      };
      return supervise(fill, { what: 'vision worker', clock, random, logger, signal: this.#closing });
    });
  }

  /** Those that are there, worn out or not, but not those that only finish their last job. */
  get size(): number {
    return [...this.#members.values()].filter(({ retired }) => !retired).length;
  }

  get replacements(): Readonly<Record<Replacement, number>> {
    return { ...this.#replacements };
  }

  /** Resident memory by seat, as each worker last said. */
  rssBytes(): readonly number[] {
    const bySeat = this.#seats.map(() => 0);
    for (const { seat, rssBytes, retired } of this.#members.values()) if (!retired) bySeat[seat] = rssBytes;
    return bySeat;
  }

  /** It is given work, which nothing ends but its answer or its own end. */
  began(worker: WorkerProcess): void {
    const member = this.#members.get(worker);
    if (member) member.busy = true;
  }

  /** It is done with its work, with an answer (and then says how large it is) or without one. */
  ended(worker: WorkerProcess, rssBytes?: number): void {
    const member = this.#members.get(worker);
    if (!member) return;
    member.busy = false;
    if (member.retired) void worker.close(CLOSE_GRACE_MS);
    if (rssBytes === undefined) return;
    member.jobs++;
    member.rssBytes = rssBytes;
    const { rssBytesMax = Infinity, jobsMax = Infinity } = this.#options;
    if (rssBytes > rssBytesMax) member.wornOut.resolve('memory');
    else if (member.jobs >= jobsMax) member.wornOut.resolve('jobs');
  }

  /** Whether it may get work. */
  employs(worker: WorkerProcess): boolean {
    return !worker.isGone && this.#members.get(worker)?.retired === false;
  }

  /** Resolves when all are gone, after `closing` aborted. */
  async gone(): Promise<void> {
    await Promise.all(this.#seats);
    await Promise.all([...this.#members.keys()].map((worker) => worker.gone));
  }

  #join(worker: WorkerProcess, seat: number): void {
    const member = { seat, wornOut: Promise.withResolvers<'memory' | 'jobs'>(), jobs: 0, rssBytes: 0, busy: false, retired: false };
    this.#members.set(worker, member);
    const close = (): void => void worker.close(CLOSE_GRACE_MS);
    this.#closing.addEventListener('abort', close, { once: true });
    if (this.#closing.aborted) close();
    void worker.gone.then((end) => {
      this.#closing.removeEventListener('abort', close);
      this.#members.delete(worker);
      this.#events.left(worker);
      if (this.#closing.aborted || member.retired) return;
      this.#replacements[worker.loss === 'hung' ? 'hang' : 'crash']++;
      this.#options.logger.warn('a vision worker is gone', { worker: worker.pid, ...end });
    });
    this.#events.joined(worker);
  }

  /** The worker that took over this one's seat, ready; undefined when it is gone, or the crew closes, before there is one. */
  async #successor(worker: WorkerProcess): Promise<WorkerProcess | undefined> {
    const member = this.#members.get(worker);
    const gone = worker.gone.then(() => undefined);
    if (!member) return gone;
    const reason = await Promise.race([gone, member.wornOut.promise]);
    while (reason !== undefined && !worker.isGone && !this.#closing.aborted) {
      const next = await this.#replacing.run(() => this.#started(worker));
      if (next) {
        this.#replacements[reason]++;
        this.#options.logger.info('a vision worker was replaced as planned', { worker: worker.pid, reason, rssBytes: member.rssBytes });
        this.#join(next, member.seat);
        this.#retire(worker, member);
        return next;
      }
      await Promise.race([gone, this.#options.clock.sleep(RETRY_MS, this.#closing).catch(() => undefined)]);
    }
    return gone;
  }

  async #started(worker: WorkerProcess): Promise<WorkerProcess | undefined> {
    if (worker.isGone || this.#closing.aborted) return undefined;
    try {
      return await WorkerProcess.start(this.#options, this.#options.logger);
    } catch (error) {
      this.#options.logger.warn('the successor of a vision worker did not start: the old one goes on', { worker: worker.pid, error });
      return undefined;
    }
  }

  #retire(worker: WorkerProcess, member: Member): void {
    member.retired = true;
    this.#events.left(worker);
    if (!member.busy) void worker.close(CLOSE_GRACE_MS);
  }
}
