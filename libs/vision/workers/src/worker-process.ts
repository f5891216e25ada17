import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { FaceHashError, type Logger } from '@facehash/kernel';
import type { FromWorker, Request } from './protocol.js';

export interface WorkerProgram {
  /** Path of the JavaScript file that calls `serveAnalyser`. */
  readonly program: string;
  /** Flags for Node itself. */
  readonly execArgv?: readonly string[];
  /** The whole environment of the workers. */
  readonly env: Readonly<Record<string, string>>;
}

/** An answer, or why there is none, and what the process says of itself. */
export type Answered = Exclude<FromWorker, { readonly type: 'ready' }>;

/** Why a worker gave no answer: the process is gone, by itself or because it took too long. */
export type Loss = 'ended' | 'hung';

/** Thrown by `ask` when the process ended before it answered. */
export class WorkerLost extends Error {
  constructor(readonly loss: Loss) {
    super(`the vision worker ${loss === 'hung' ? 'took too long and was ended' : 'ended by itself'}`);
  }
}

const START_TIMEOUT_MS = 60_000;
const STDERR_LINES_MAX = 50;

/** One process that answers one request at a time. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #logger: Logger;
  #answered: ((message: FromWorker) => void) | undefined;
  #lost: ((loss: WorkerLost) => void) | undefined;
  #loss: Loss = 'ended';
  /** Resolves when the process is gone. Never rejects. */
  readonly gone: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;

  private constructor(child: ChildProcess, logger: Logger) {
    this.#child = child;
    this.#logger = logger;
    child.on('message', (message: FromWorker) => this.#answered?.(message));
    // Without a listener, a channel that breaks while a message is sent would end this process.
    child.on('error', (error) => logger.warn('the channel to a vision worker broke', { error }));
    this.gone = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    void this.gone.then(() => this.#lost?.(new WorkerLost(this.#loss)));
    this.#logErrors();
  }

  /** Resolves when the worker can answer. Rejects with INTERNAL when it ends or is not ready within a minute, with `why` where it said so; the process is gone then. */
  static async start({ program, execArgv = [], env }: WorkerProgram, logger: Logger): Promise<WorkerProcess> {
    const child = fork(program, { execArgv: [...execArgv], env, serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const worker = new WorkerProcess(child, logger.child({ worker: child.pid }));
    try {
      const first = await worker.#nextMessage(START_TIMEOUT_MS);
      if (first.type === 'failed') throw new FaceHashError(first.code, { why: first.detail });
      if (first.type !== 'ready') throw new FaceHashError('INTERNAL', { why: 'the worker program is not one' });
      logger.info('a vision worker is ready', { worker: child.pid, ...first.facts });
      return worker;
    } catch (cause) {
      child.kill('SIGKILL');
      const end = await worker.gone;
      const why = cause instanceof FaceHashError ? cause.details : {};
      throw new FaceHashError('INTERNAL', { detail: 'a vision worker did not start', ...why, ...end }, { cause });
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Why it is gone. */
  get loss(): Loss {
    return this.#loss;
  }

  get isGone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** What it answered or failed with. Rejects with WorkerLost when it ended first; one that takes longer than `timeoutMs` is ended. */
  async ask(request: Request, timeoutMs: number): Promise<Answered> {
    const answer = this.#nextMessage(timeoutMs);
    this.#child.send(request);
    const message = await answer;
    if (message.type === 'ready') throw new FaceHashError('INTERNAL', { detail: 'the worker answered out of turn' });
    return message;
  }

  /** Lets it end by itself, which it does at once when it is idle; one that is still there after `graceMs` is killed. */
  async close(graceMs: number): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    await this.gone;
    clearTimeout(kill);
  }

  async #nextMessage(timeoutMs: number): Promise<FromWorker> {
    const hung = setTimeout(() => {
      this.#loss = 'hung';
      this.#child.kill('SIGKILL');
    }, timeoutMs);
    try {
      if (this.isGone) throw new WorkerLost('ended');
      return await new Promise((resolve, reject) => {
        this.#answered = resolve;
        this.#lost = reject;
      });
    } finally {
      clearTimeout(hung);
      this.#answered = this.#lost = undefined;
    }
  }

  /** Native libraries write to standard error what they cannot throw. The first lines are enough to see what it is. */
  #logErrors(): void {
    if (!this.#child.stderr) return;
    let lines = 0;
    const reader = createInterface({ input: this.#child.stderr });
    reader.on('line', (line) => {
      if (lines++ < STDERR_LINES_MAX) this.#logger.warn('a vision worker wrote to its standard error', { line: line.slice(0, 500) });
    });
  }
}
