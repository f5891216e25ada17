import { FaceHashError, sha256Hex, supervise, type Clock, type Logger, type Random } from '@facehash/kernel';
import type { Analysis, AnalyseOptions, Descriptor, FaceAnalyser, Landmarks } from '@facehash/vision-core';
import type { AnswerOf, Request } from './protocol.js';
import { Condemned } from './condemned.js';
import { WorkerLost, WorkerProcess, type WorkerProgram } from './worker-process.js';

export interface VisionWorkersOptions extends WorkerProgram {
  /** How many processes: one for each CPU, as each computes with one thread. */
  readonly processes: number;
  /** How many images may wait for a worker; one more is refused with OVERLOADED. */
  readonly queueMax: number;
  /** A worker that looks at one image for longer hangs: it is ended and replaced. */
  readonly imageTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface VisionWorkers extends FaceAnalyser {
  /** Whether there is a worker. */
  readonly ready: boolean;
  figures(): { readonly workers: number; readonly busy: number; readonly waiting: number; readonly restarts: number };
  /** Rejects what waits and what is under way with SHUTTING_DOWN. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 2000;
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

class WorkerPool implements VisionWorkers {
  readonly #options: VisionWorkersOptions;
  readonly #condemned = new Condemned();
  readonly #idle: WorkerProcess[] = [];
  readonly #waiting = new Set<Waiting>();
  readonly #closing = new AbortController();
  readonly #slots: Promise<void>[];
  #workers = 0;
  #restarts = 0;

  constructor(options: VisionWorkersOptions, started: readonly WorkerProcess[]) {
    this.#options = options;
    const { clock, random, logger } = options;
    const signal = this.#closing.signal;
    this.#slots = started.map((worker) => {
      let first: WorkerProcess | undefined = worker;
      const keepOne = async (): Promise<void> => {
        const current = first ?? (await WorkerProcess.start(options, logger));
        first = undefined;
        await this.#employ(current);
      };
      return supervise(keepOne, { what: 'vision worker', clock, random, logger, signal });
    });
  }

  get ready(): boolean {
    return this.#workers > 0;
  }

  figures(): ReturnType<VisionWorkers['figures']> {
    return { workers: this.#workers, busy: this.#workers - this.#idle.length, waiting: this.#waiting.size, restarts: this.#restarts };
  }

  async analyse(image: Uint8Array, options: AnalyseOptions, signal?: AbortSignal): Promise<Analysis> {
    const analysis = this.#isCondemned(image) ? undefined : await this.#ask({ type: 'analyse', image, options }, signal);
    return analysis ?? { readable: false, problem: 'IMAGE_UNREADABLE', detail: CONDEMNED };
  }

  async describe(image: Uint8Array, landmarks: Landmarks, signal?: AbortSignal): Promise<Descriptor> {
    const descriptor = this.#isCondemned(image) ? undefined : await this.#ask({ type: 'describe', image, landmarks }, signal);
    if (!descriptor) throw new FaceHashError('IMAGE_UNREADABLE', { detail: CONDEMNED });
    return descriptor;
  }

  async close(): Promise<void> {
    this.#closing.abort(new FaceHashError('SHUTTING_DOWN'));
    for (const { reject } of this.#waiting) reject(this.#closing.signal.reason);
    this.#waiting.clear();
    await Promise.all(this.#slots);
  }

  /** Gives a worker work until it is gone, or until the pool closes. */
  async #employ(worker: WorkerProcess): Promise<void> {
    const closing = this.#closing.signal;
    const close = (): void => void worker.close(CLOSE_GRACE_MS);
    closing.addEventListener('abort', close, { once: true });
    if (closing.aborted) close();
    this.#workers++;
    this.#release(worker);
    const { code, signal } = await worker.gone;
    closing.removeEventListener('abort', close);
    this.#workers--;
    this.#forget(worker);
    if (closing.aborted) return;
    this.#restarts++;
    this.#options.logger.warn('a vision worker is gone', { worker: worker.pid, code, signal });
  }

  #isCondemned(image: Uint8Array): boolean {
    return !this.#condemned.none && this.#condemned.has(sha256Hex(image));
  }

  #ask<T extends Request['type']>(
    request: Request & { readonly type: T },
    signal: AbortSignal | undefined,
  ): Promise<AnswerOf[T] | undefined>;
  async #ask(request: Request, signal: AbortSignal | undefined): Promise<unknown> {
    const work = this.#askTwice(request, signal);
    return signal ? untilAborted(work, signal) : work;
  }

  /**
   * A worker may end by an accident (the kernel was short of memory), so the picture is shown to another one, once. Undefined when that ends,
   * too, or when one hung: then it is the picture's doing, and no worker sees it again.
   */
  async #askTwice(request: Request, signal: AbortSignal | undefined): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      const worker = await this.#takeWorker(signal);
      try {
        return await worker.ask(request, this.#options.imageTimeoutMs);
      } catch (error) {
        if (!(error instanceof WorkerLost)) throw error;
        if (this.#closing.signal.aborted) throw new FaceHashError('SHUTTING_DOWN', {}, { cause: error });
        if (attempt === 1 && error.loss === 'ended') continue;
        this.#condemned.add(sha256Hex(request.image));
        return undefined;
      } finally {
        this.#release(worker);
      }
    }
  }

  #takeWorker(signal: AbortSignal | undefined): Promise<WorkerProcess> {
    if (this.#closing.signal.aborted) return Promise.reject(new FaceHashError('SHUTTING_DOWN'));
    if (signal?.aborted) return Promise.reject(signal.reason);
    // The one that worked last: its memory is still in the caches of its CPU.
    const worker = this.#idle.pop();
    if (worker) return Promise.resolve(worker);
    if (this.#waiting.size >= this.#options.queueMax)
      return Promise.reject(new FaceHashError('OVERLOADED', { waiting: this.#waiting.size }));
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        if (this.#waiting.delete(waiting)) reject(signal?.reason);
      };
      const start = (free: WorkerProcess): void => {
        signal?.removeEventListener('abort', abort);
        resolve(free);
      };
      const waiting: Waiting = { start, reject };
      this.#waiting.add(waiting);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** To whoever waits longest, else to the idle ones; a worker that is gone is nobody's. */
  #release(worker: WorkerProcess): void {
    if (worker.isGone) return;
    const [next] = this.#waiting;
    if (!next) {
      this.#idle.push(worker);
      return;
    }
    this.#waiting.delete(next);
    next.start(worker);
  }

  #forget(worker: WorkerProcess): void {
    const index = this.#idle.indexOf(worker);
    if (index >= 0) this.#idle.splice(index, 1);
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
