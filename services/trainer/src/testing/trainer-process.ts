import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runProgressSchema, type RunProgress, type RunSpec } from '@facehash/artifacts';
import { sourceFlags } from '@facehash/testing';

const WAIT_MS = 60_000;

export interface TrainerSettings {
  readonly run: RunSpec | string;
  readonly objectsDir: string;
  readonly messageFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The trainer as a process of its own, from its sources. `await using` kills it when the test ends. */
export class TrainerProcess implements AsyncDisposable {
  readonly progress: RunProgress[] = [];
  /** What it logged: one line of JSON each. */
  errors = '';
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(private readonly settings: TrainerSettings) {
    const { run, objectsDir, messageFile, env = {} } = settings;
    this.#process = spawn(process.execPath, [...sourceFlags, fileURLToPath(new URL('../main.ts', import.meta.url))], {
      env: {
        PATH: process.env['PATH'],
        FACEHASH_TEST_RUN: process.env['FACEHASH_TEST_RUN'],
        FACEHASH_RUN: typeof run === 'string' ? run : JSON.stringify(run),
        FACEHASH_OBJECTS_DIR: objectsDir,
        FACEHASH_NETWORKS_DIR: '/nowhere',
        FACEHASH_TERMINATION_MESSAGE: messageFile,
        FACEHASH_VISION_PROCESSES: '1',
        FACEHASH_EXIT_WITH_PARENT: '1',
        ...env,
      },
    });
    this.#ended = once(this.#process, 'close');
    let rest = '';
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.progress.push(...lines.map((line) => runProgressSchema.parse(JSON.parse(line))));
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
  }

  /** Resolves when it says that it is in this stage. */
  async reached(stage: RunProgress['stage']): Promise<void> {
    const until = performance.now() + WAIT_MS;
    while (!this.progress.some((p) => p.stage === stage)) {
      if (this.#over || performance.now() > until) throw new Error(`the trainer never reached ${stage}: ${this.errors}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** How it ended. */
  async end(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    await this.#ended;
    return { code: this.#process.exitCode, signal: this.#process.signalCode };
  }

  /** What it left for its parent; `undefined` when there is nothing. */
  async message(): Promise<unknown> {
    const text = await readFile(this.settings.messageFile, 'utf8').catch(() => undefined);
    return text === undefined ? undefined : JSON.parse(text);
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#process.kill(signal);
  }

  /** As when the parent dies: the other end of its standard input is gone. */
  loseParent(): void {
    this.#process.stdin?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGKILL');
    await this.#ended;
  }

  get #over(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}
