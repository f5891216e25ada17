import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
/** By their packages, as this file runs from its source in tests and compiled in benchmarks. */
const programs = { inference: '@facehash/inference', operator: '@facehash/operator' } as const;

export interface ProgramOptions {
  /** Left out: inference. */
  readonly program?: keyof typeof programs;
  /** Where its health is asked. */
  readonly healthUrl: string;
  /** In addition to the environment of the tests, without what is meant for the test runner. */
  readonly env: Readonly<Record<string, string>>;
  readonly startTimeoutMs?: number;
}

/** A built program in a process of its own; `await using` kills it. */
export class Program implements AsyncDisposable {
  #ended = false;

  private constructor(
    private readonly child: ChildProcess,
    private readonly output: { text: string },
  ) {
    child.once('exit', () => {
      this.#ended = true;
    });
  }

  /** Resolves when it says that it is ready. */
  static async start({ program = 'inference', healthUrl, env, startTimeoutMs = START_TIMEOUT_MS }: ProgramOptions): Promise<Program> {
    const started = Program.launch(env, program);
    try {
      await started.untilReady(healthUrl, startTimeoutMs);
      return started;
    } catch (cause) {
      started.signal('SIGKILL');
      throw new Error(`${program} did not become ready:\n${started.printed.slice(-4000)}`, { cause });
    }
  }

  /** Has just been started, and may be far from ready. */
  static launch(env: ProgramOptions['env'], program: keyof typeof programs = 'inference'): Program {
    const output = { text: '' };
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', pathOf(program)], {
      env: { ...withoutOurs(process.env), LOG_FORMAT: 'json', LOG_LEVEL: 'info', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
    return new Program(child, output);
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Everything that it wrote to standard output and error. */
  get printed(): string {
    return this.output.text;
  }

  async untilReady(healthUrl: string, timeoutMs: number = START_TIMEOUT_MS): Promise<void> {
    for (const end = Date.now() + timeoutMs; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
      if (this.#ended) throw new Error(`it ended with ${this.child.exitCode ?? this.child.signalCode}`);
      if (await isReady(healthUrl)) return;
    }
    throw new Error(`not ready after ${timeoutMs} ms`);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** As a person does: Ctrl-C. Throws when it doesn't end in time. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    this.child.kill('SIGTERM');
    await within(STOP_TIMEOUT_MS, this.exited(), () => `did not stop:\n${this.output.text.slice(-3000)}`);
  }

  /** As the kernel does when memory runs out. */
  async kill(): Promise<void> {
    if (this.#ended) return;
    this.child.kill('SIGKILL');
    await within(STOP_TIMEOUT_MS, this.exited(), () => 'survived SIGKILL');
  }

  async exited(): Promise<void> {
    if (!this.#ended) await once(this.child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

function pathOf(program: keyof typeof programs): string {
  return join(dirname(createRequire(import.meta.url).resolve(`${programs[program]}/package.json`)), 'dist/main.js');
}

function isReady(healthUrl: string): Promise<boolean> {
  return fetch(`${healthUrl}/health/ready`, { signal: AbortSignal.timeout(2000) }).then(
    (r) => r.ok,
    () => false,
  );
}

async function within(ms: number, work: Promise<void>, what: () => string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(what())), ms);
  });
  await Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}

/** Jest's own settings must not reach the program under test. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_ENV: _env, ...rest } = env;
  return rest;
}
