import { FaceHashError, sha256Hex } from '@facehash/kernel';
import type { Analysis, AnalyseOptions, Descriptor, FaceAnalyser, Landmarks } from '@facehash/vision-core';
import { Condemned } from './condemned.js';
import { Crew, type CrewOptions, type Replacement } from './crew.js';
import { LaneQueue, lanes, type Lane, type LaneLimits, type Refusal } from './lanes.js';
import type { AnswerOf, Request, StageTime } from './protocol.js';
import { WorkerLost, WorkerProcess, type Answered } from './worker-process.js';

export interface VisionWorkersOptions extends CrewOptions {
  /** How many processes: one for each CPU, as each computes with one thread. */
  readonly processes: number;
  /** Who may wait for a worker, and for how long; others are refused with OVERLOADED. */
  readonly queue: LaneLimits;
  /** A worker that looks at one image for longer hangs: it is ended and replaced. */
  readonly imageTimeoutMs: number;
  /** Is told of every answer, in the asynchronous context of whoever asked. */
  readonly onJob?: (job: VisionJob) => void;
}

/** What became of one request, in milliseconds since the epoch. */
export interface VisionJob {
  readonly kind: Request['type'];
  readonly lane: Lane;
  readonly cameMs: number;
  /** A worker took it. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly stages: readonly StageTime[];
}

/** Counts are since the start. */
export interface VisionFigures {
  readonly workers: number;
  readonly busy: number;
  readonly waiting: Readonly<Record<Lane, number>>;
  readonly refused: Readonly<Record<Lane, Readonly<Record<Refusal, number>>>>;
  readonly replaced: Readonly<Record<Replacement, number>>;
  /** Pictures that ended workers, by name unreadable. */
  readonly condemned: number;
  /** By seat. */
  readonly rssBytes: readonly number[];
}

/** Asked by itself, it is for recognition. */
export interface VisionWorkers extends FaceAnalyser {
  /** Whether there is a worker. */
  readonly ready: boolean;
  /** The same workers for those who let recognition pass. */
  readonly forEnrolment: FaceAnalyser;
  figures(): VisionFigures;
  /** Rejects what waits and what is under way with SHUTTING_DOWN. */
  close(): Promise<void>;
}

const CONDEMNED = 'the picture ended every process that tried to read it';

/** Starts the workers. Resolves when all are ready; rejects with INTERNAL, and none left running, when one cannot start. */
export async function openVisionWorkers(options: VisionWorkersOptions): Promise<VisionWorkers> {
  const starts = Array.from({ length: options.processes }, () => WorkerProcess.start(options, options.logger));
  const started = await Promise.allSettled(starts);
  const workers = started.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const failed = started.find((start) => start.status === 'rejected');
  if (failed) {
    await Promise.all(workers.map((worker) => worker.close(0)));
    throw failed.reason;
  }
  return new WorkerPool(options, workers);
}

/** A request until a worker takes it. */
interface Waiting {
  readonly start: (worker: WorkerProcess) => void;
  readonly reject: (reason: unknown) => void;
}

interface Asked {
  readonly request: Request;
  readonly lane: Lane;
  readonly cameMs: number;
}

class WorkerPool implements VisionWorkers {
  readonly #options: VisionWorkersOptions;
  readonly #condemned: Condemned;
  /** They ended one worker. */
  readonly #suspected: Condemned;
  readonly #queue: LaneQueue<Waiting>;
  readonly #idle: WorkerProcess[] = [];
  readonly #closing = new AbortController();
  readonly #crew: Crew;
  readonly #refused: Record<Lane, Record<Refusal, number>> = {
    recognition: { full: 0, late: 0 },
    enrolment: { full: 0, late: 0 },
  };
  #condemnations = 0;
  #expiring = false;

  constructor(options: VisionWorkersOptions, started: readonly WorkerProcess[]) {
    this.#options = options;
    this.#condemned = new Condemned(options.clock);
    this.#suspected = new Condemned(options.clock);
    this.#queue = new LaneQueue(options.queue);
    const events = { joined: (worker: WorkerProcess) => this.#free(worker), left: (worker: WorkerProcess) => this.#forget(worker) };
    this.#crew = new Crew(options, events, this.#closing.signal);
    this.#crew.keep(started);
  }

  get ready(): boolean {
    return this.#crew.size > 0;
  }

  get forEnrolment(): FaceAnalyser {
    return this.#analyserFor('enrolment');
  }

  figures(): VisionFigures {
    const workers = this.#crew.size;
    return {
      workers,
      busy: workers - this.#idle.length,
      waiting: { recognition: this.#queue.waiting('recognition'), enrolment: this.#queue.waiting('enrolment') },
      refused: { recognition: { ...this.#refused.recognition }, enrolment: { ...this.#refused.enrolment } },
      replaced: this.#crew.replacements,
      condemned: this.#condemnations,
      rssBytes: this.#crew.rssBytes(),
    };
  }

  analyse(image: Uint8Array, options: AnalyseOptions, signal?: AbortSignal): Promise<Analysis> {
    return this.#analyserFor('recognition').analyse(image, options, signal);
  }

  describe(image: Uint8Array, landmarks: Landmarks, pipeline: string, signal?: AbortSignal): Promise<Descriptor> {
    return this.#analyserFor('recognition').describe(image, landmarks, pipeline, signal);
  }

  async close(): Promise<void> {
    this.#closing.abort(new FaceHashError('SHUTTING_DOWN'));
    for (const { reject } of this.#queue.clear()) reject(this.#closing.signal.reason);
    await this.#crew.gone();
  }

  #analyserFor(lane: Lane): FaceAnalyser {
    return {
      analyse: async (image, options, signal) =>
        (await this.#ask({ type: 'analyse', image, options }, lane, signal)) ?? {
          readable: false,
          problem: 'IMAGE_UNREADABLE',
          detail: CONDEMNED,
        },
      describe: async (image, landmarks, pipeline, signal) => {
        const descriptor = await this.#ask({ type: 'describe', image, landmarks, pipeline }, lane, signal);
        if (!descriptor) throw new FaceHashError('IMAGE_UNREADABLE', { detail: CONDEMNED });
        return descriptor;
      },
    };
  }

  #ask<T extends Request['type']>(
    request: Request & { readonly type: T },
    lane: Lane,
    signal: AbortSignal | undefined,
  ): Promise<AnswerOf[T] | undefined>;
  async #ask(request: Request, lane: Lane, signal: AbortSignal | undefined): Promise<unknown> {
    if (!this.#condemned.none && this.#condemned.has(sha256Hex(request.image))) return undefined;
    const work = this.#askTwice({ request, lane, cameMs: this.#nowMs() }, signal);
    return signal ? untilAborted(work, signal) : work;
  }

  /**
   * A worker may end by an accident (the kernel was short of memory), so the picture is shown to another one, once. Undefined when that ends,
   * too, or when one hung: then it is the picture's doing, and no worker sees it again. The first end counts for an hour, as the second showing
   * may not come about in the same request: its caller hangs up, or nobody has time for it.
   */
  async #askTwice(asked: Asked, signal: AbortSignal | undefined): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      const worker = await this.#takeWorker(asked.lane, signal);
      try {
        const answer = await this.#work(worker, asked);
        if (!this.#suspected.none) this.#suspected.acquit(sha256Hex(asked.request.image));
        if (answer.type === 'answer') return answer.value;
        throw new FaceHashError(answer.code, { detail: answer.detail });
      } catch (error) {
        if (!(error instanceof WorkerLost)) throw error;
        if (this.#closing.signal.aborted) throw new FaceHashError('SHUTTING_DOWN', {}, { cause: error });
        if (this.#isOnlySuspected(sha256Hex(asked.request.image), error.loss) && attempt === 1) continue;
        return undefined;
      }
    }
  }

  /** Says so of the first worker that a picture ended; by the second one, and by one that hung, it is condemned. */
  #isOnlySuspected(picture: string, loss: WorkerLost['loss']): boolean {
    if (loss === 'ended' && !this.#suspected.has(picture)) {
      this.#suspected.add(picture);
      return true;
    }
    this.#suspected.acquit(picture);
    this.#condemned.add(picture);
    this.#condemnations++;
    return false;
  }

  async #work(worker: WorkerProcess, { request, lane, cameMs }: Asked): Promise<Answered> {
    this.#crew.began(worker);
    const startedMs = this.#nowMs();
    let answer: Answered | undefined;
    try {
      answer = await worker.ask(request, this.#options.imageTimeoutMs);
    } finally {
      this.#crew.ended(worker, answer?.rssBytes);
      this.#free(worker);
    }
    const endedMs = this.#nowMs();
    this.#queue.served(endedMs - startedMs);
    this.#options.onJob?.({ kind: request.type, lane, cameMs, startedMs, endedMs, stages: answer.stages });
    return answer;
  }

  #takeWorker(lane: Lane, signal: AbortSignal | undefined): Promise<WorkerProcess> {
    if (this.#closing.signal.aborted) return Promise.reject(new FaceHashError('SHUTTING_DOWN'));
    if (signal?.aborted) return Promise.reject(signal.reason);
    // The one that worked last: its memory is still in the caches of its CPU.
    const worker = this.#idle.pop();
    if (worker) return Promise.resolve(worker);
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#queue.withdraw(waiting);
        reject(signal?.reason);
      };
      const done = (): void => signal?.removeEventListener('abort', abort);
      const waiting: Waiting = {
        start: (free) => {
          done();
          resolve(free);
        },
        reject: (reason) => {
          done();
          reject(reason);
        },
      };
      const refusal = this.#queue.admit(waiting, lane, { nowMs: this.#nowMs(), workers: this.#crew.size });
      if (refusal) return reject(this.#refusal(lane, refusal));
      signal?.addEventListener('abort', abort, { once: true });
      void this.#expireInTime();
    });
  }

  #refusal(lane: Lane, why: Refusal): FaceHashError {
    this.#refused[lane][why]++;
    return new FaceHashError('OVERLOADED', { lane, why, waiting: this.#queue.waiting(lane) });
  }

  /** Ends the waits whose time is up, as long as anybody waits: workers that all hang free nobody. */
  async #expireInTime(): Promise<void> {
    if (this.#expiring) return;
    this.#expiring = true;
    for (let next = this.#queue.nextExpiryMs(); next !== undefined; next = this.#queue.nextExpiryMs()) {
      await this.#options.clock.sleep(Math.max(1, next - this.#nowMs()), this.#closing.signal).catch(() => undefined);
      for (const lane of lanes) for (const late of this.#queue.expire(lane, this.#nowMs())) late.reject(this.#refusal(lane, 'late'));
    }
    this.#expiring = false;
  }

  /** To whoever is next, else to the idle ones; a worker that is gone, or is to go, is nobody's. */
  #free(worker: WorkerProcess): void {
    if (!this.#crew.employs(worker)) return;
    const next = this.#queue.next();
    if (next) next.start(worker);
    else this.#idle.push(worker);
  }

  #forget(worker: WorkerProcess): void {
    const index = this.#idle.indexOf(worker);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  #nowMs(): number {
    return this.#options.clock.now().getTime();
  }
}

/** The answer, or the signal's reason when that aborts first; the worker goes on and its answer is dropped. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
