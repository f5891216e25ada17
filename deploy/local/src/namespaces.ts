import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { reportSchema, type Plan, type Report } from './plan.js';
import { namespaces, pathOf } from './prerequisites.js';
import { childrenOf, identityOf, isThere, type ProcessIdentity } from './process-identity.js';
import { gone, type StateFolder } from './state-folder.js';

const startedWithinMs = 10_000;
/** Compiled, also where this file runs from its source. */
const supervisor = fileURLToPath(new URL('../dist/supervisor.js', import.meta.url));

/**
 * The cluster's namespaces, seen from outside. Three things end them, whichever comes first: the end of this process (`setpriv` has the
 * kernel kill `unshare` with it, and `unshare` has it kill the first process inside), the end of standard input, and `kill`.
 */
export class Namespaces {
  readonly #ready = Promise.withResolvers<undefined>();
  readonly #ended = Promise.withResolvers<undefined>();
  #killed = false;

  private constructor(
    private readonly child: ChildProcess,
    private readonly init: ProcessIdentity,
    private readonly onReport: (report: Report) => void,
  ) {
    for (const { promise } of [this.#ready, this.#ended]) promise.catch(() => undefined);
    child.stdin?.on('error', () => undefined); // it ended; why is told below
    if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line));
    child.once('exit', () => this.#end(new Error('the supervisor of the cluster ended without a word')));
  }

  /** Makes them, with the supervisor waiting in them, and writes down who that is before it does anything. */
  static async enter(state: StateFolder, onReport: (report: Report) => void = () => undefined): Promise<Namespaces> {
    const program = [pathOf('unshare'), ...namespaces, '--', pathOf('catatonit'), '--', process.execPath, supervisor];
    const log = openSync(state.in('log/supervisor.log'), 'a', 0o600);
    const child = spawn(pathOf('setpriv'), ['--pdeathsig', 'KILL', '--', ...program], { stdio: ['pipe', 'pipe', log], detached: true });
    closeSync(log);
    try {
      const init = await firstInside(child);
      await state.rememberInit(init);
      return new Namespaces(child, init, onReport);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Resolves when everything of the plan is ready. */
  async run(plan: Plan, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.child.stdin?.write(`${JSON.stringify(plan)}\n`);
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#ready.promise, aborted.promise]);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Rejects with why the cluster ended by itself. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Ends every process in them, and waits until the last is gone. */
  async kill(): Promise<void> {
    this.#killed = true;
    const ended = this.#childEnded();
    // The first process inside, and not `unshare`: that one then sees it die and leaves no zombie to whoever adopts orphans here.
    if (isThere(this.init)) process.kill(this.init.pid, 'SIGKILL');
    await gone(this.init);
    this.child.kill('SIGKILL');
    await ended;
    this.#end();
  }

  /** `unshare` is outside of the process namespace, but inside of the others. */
  async #childEnded(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }

  #hear(line: string): void {
    const report = reportSchema.parse(JSON.parse(line));
    this.onReport(report);
    if (report.event === 'allReady') this.#ready.resolve(undefined);
    if (report.event === 'failed') this.#end(new Error(report.reason));
  }

  #end(error?: Error): void {
    if (error === undefined || this.#killed) this.#ended.resolve(undefined);
    else this.#ended.reject(error);
    this.#ready.reject(error ?? new Error('the cluster was stopped'));
  }
}

/** `unshare` forks once it has made the namespaces; its child is the first process in them. */
async function firstInside(child: ChildProcess): Promise<ProcessIdentity> {
  await once(child, 'spawn');
  const end = performance.now() + startedWithinMs;
  while (child.exitCode === null && performance.now() < end) {
    const [pid] = child.pid === undefined ? [] : childrenOf(child.pid);
    const identity = pid === undefined ? undefined : identityOf(pid);
    if (identity !== undefined) return identity;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('no namespaces could be made for the cluster');
}
