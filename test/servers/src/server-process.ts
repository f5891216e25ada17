import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '@facehash/testing';
import { lastLines } from '../../../tools/setup/set-up-error.mjs';
import { dyingWithUs, type Environment } from './command.js';
import { ServersError } from './servers-error.js';

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const QUESTION_TIMEOUT_MS = 2_000;
const STOP_TIMEOUT_MS = 10_000;
const LOG_CHARS_MAX = 64 * 1024;
/** A port that is taken at each of so many draws is no accident. */
const PORT_DRAWS_MAX = 5;
const FOLDER_PREFIX = 'facehash-server-';
const DAY_MS = 24 * 3600_000;
/** `tools/checks/leftovers.mjs` finds what a run of the tests left by this variable. */
const MARK = 'FACEHASH_TEST_RUN';

/** Where a server runs: everything that it writes goes into `folder`. */
export interface Place {
  readonly folder: string;
  /** The number of the port that the definition calls so. */
  readonly port: (name: string) => number;
}

/** How a server is run and asked whether it is there. */
export interface ServerDefinition {
  /** As messages call it. */
  readonly name: string;
  readonly ports: readonly string[];
  /** Writes its configuration below the folder and says how it is called. Secrets go into files or the environment: `ps` shows arguments. */
  readonly prepare: (place: Place) => Promise<{ readonly args: readonly string[]; readonly env?: Environment }>;
  /** The server's own health question; a throw is a no. */
  readonly healthy: (place: Place, signal: AbortSignal) => Promise<boolean>;
}

export interface LaunchOptions {
  /** Path of the program. */
  readonly program: string;
  readonly startTimeoutMs?: number;
  /** Between SIGTERM and SIGKILL. */
  readonly stopTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly choosePorts?: ((count: number) => Promise<readonly number[]>) | undefined;
}

/**
 * Starts a server on free ports in a temporary folder and waits until it says that it is healthy. The kernel kills it when this process
 * ends in whatever way (where util-linux' setpriv is: on Linux).
 * @throws {ServersError} `didNotStart`, with the end of its log
 */
export async function launch(definition: ServerDefinition, options: LaunchOptions): Promise<ServerProcess> {
  await removeForgottenFolders();
  for (let draw = 1; ; draw += 1) {
    const server = await ServerProcess.spawn(definition, options);
    const trouble = await server.untilHealthy().catch((error: unknown) => ({ error }));
    if (trouble === undefined) return server;
    await server.stop();
    if (typeof trouble === 'object') throw trouble.error;
    const portTaken = /already in use|EADDRINUSE/i.test(server.log);
    if (!portTaken || draw === PORT_DRAWS_MAX) {
      throw didNotStart(definition, trouble, server.log);
    }
  }
}

/** A server that runs in a temporary folder of its own, which goes with it. */
export class ServerProcess implements AsyncDisposable {
  #log = '';
  #error: Error | undefined;
  #child: ChildProcess;

  private constructor(
    readonly place: Place,
    private readonly definition: ServerDefinition,
    private readonly options: LaunchOptions,
    private readonly begin: () => ChildProcess,
  ) {
    this.#child = this.#begin();
  }

  static async spawn(definition: ServerDefinition, options: LaunchOptions): Promise<ServerProcess> {
    const { program, choosePorts = freePorts } = options;
    const numbers = await choosePorts(definition.ports.length);
    const folder = await mkdtemp(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
    try {
      const place = { folder, port: portByName(definition, numbers) };
      const { args, env } = await definition.prepare(place);
      const [command = program, ...rest] = dyingWithUs([program, ...args], process.env);
      // A process group of its own: Ctrl-C is ours to handle, and whoever stops it stops its children.
      const stdio = ['ignore', 'pipe', 'pipe'] as const;
      const spawnOptions = { cwd: folder, env: environmentOf(folder, env), stdio: [...stdio], detached: true };
      return new ServerProcess(place, definition, options, () => spawn(command, rest, spawnOptions));
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** -1 if it could not be started. */
  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** The end of what it printed. */
  get log(): string {
    return this.#log + (this.#error?.message ?? '');
  }

  /** How it ended, or nothing while it runs. */
  get ended(): string | undefined {
    if (this.#error !== undefined) return `could not be started (${this.#error.message})`;
    const { exitCode, signalCode } = this.#child;
    return exitCode === null && signalCode === null ? undefined : `ended with ${exitCode ?? signalCode ?? ''}`;
  }

  /** Resolves when it has ended, to how. */
  async whenEnded(): Promise<string> {
    while (this.ended === undefined) await once(this.#child, 'exit').catch(() => undefined);
    return this.ended;
  }

  /** SIGTERM, and SIGKILL for what is still there after a while; then the folder goes. Again and again does no harm. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
    await rm(this.place.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /**
   * Ends it and starts it again, on the same ports and the same folder; resolves when it is healthy.
   * @throws {ServersError} `didNotStart`, with the end of its log
   */
  async restart(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.end(signal);
    await this.startAgain();
  }

  /**
   * Starts what was ended in its place; resolves when it is healthy.
   * @throws {ServersError} `didNotStart`, with the end of its log
   */
  async startAgain(): Promise<void> {
    if (this.ended === undefined) throw new Error(`${this.definition.name} runs already`);
    this.#child = this.#begin();
    const trouble = await this.untilHealthy();
    if (trouble !== undefined) throw didNotStart(this.definition, trouble, this.log);
  }

  /** Ends the process and keeps its folder and ports. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.ended === undefined) {
      const exit = once(this.#child, 'exit');
      this.#signal(signal);
      await Promise.race([exit, sleep(this.options.stopTimeoutMs ?? STOP_TIMEOUT_MS, undefined, { ref: false })]);
      if (this.ended === undefined) {
        this.#signal('SIGKILL');
        await exit;
      }
    }
    this.#signal('SIGKILL'); // what it may have left in its group
  }

  /** What became of the wait: nothing when it is healthy, else what is to be said of it. */
  async untilHealthy(): Promise<string | undefined> {
    const { startTimeoutMs = START_TIMEOUT_MS, signal } = this.options;
    const giveUpAt = performance.now() + startTimeoutMs;
    while (performance.now() < giveUpAt) {
      const limits = [AbortSignal.timeout(QUESTION_TIMEOUT_MS), ...(signal === undefined ? [] : [signal])];
      const healthy = await this.definition.healthy(this.place, AbortSignal.any(limits)).catch(() => false);
      signal?.throwIfAborted();
      // In this order: if ours has ended, somebody else gave that answer on the same port.
      if (this.ended !== undefined) return `${this.ended} before it was healthy`;
      if (healthy) return undefined;
      await sleep(POLL_MS);
    }
    return `was not healthy within ${startTimeoutMs / 1000} s`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #begin(): ChildProcess {
    const child = this.begin();
    child.once('error', (error) => (this.#error = error));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.#log = (this.#log + chunk).slice(-LOG_CHARS_MAX)));
    }
    return child;
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // Nobody is left in the group.
    }
  }
}

function didNotStart({ name }: ServerDefinition, trouble: string, log: string): ServersError {
  return new ServersError('didNotStart', `${name} ${trouble}. The end of its log:\n${lastLines(log, 20)}`);
}

function portByName({ name, ports }: ServerDefinition, numbers: readonly number[]): Place['port'] {
  const byName = new Map(ports.map((port, i) => [port, numbers[i]]));
  return (port) => {
    const number = byName.get(port);
    if (number === undefined) throw new Error(`${name} has no port ${port}`);
    return number;
  };
}

/** Nothing of the caller's environment steers a server: MinIO alone reads dozens of variables. */
function environmentOf(folder: string, env: Environment | undefined): NodeJS.ProcessEnv {
  const { PATH, [MARK]: mark } = process.env;
  return { PATH, HOME: folder, TMPDIR: folder, ...(mark === undefined ? {} : { [MARK]: mark }), ...env };
}

/** A killed process leaves its servers' folders. Those of processes that are no more go after a day, like what killed builds leave. */
async function removeForgottenFolders(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(new RegExp(`^${FOLDER_PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (!Number.isInteger(pid) || isThere(pid)) continue;
    const path = join(tmpdir(), name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > DAY_MS) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
