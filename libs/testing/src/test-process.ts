import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sourceFlags } from './source-flags.js';

const WAIT_MS = 15_000;
const POLL_MS = 5;

/**
 * A TypeScript file of the tests, run as it stands in a process of its own: for what only a second process can show, and for kill -9.
 * `await using` kills it when the test ends.
 */
export class TestProcess implements AsyncDisposable {
  /** What it printed so far, without a line that was cut off. */
  readonly lines: string[] = [];
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown>;
  #errors = '';
  #over = false;

  constructor(program: URL, ...args: readonly string[]) {
    this.#process = spawn(process.execPath, [...sourceFlags, fileURLToPath(program), ...args]);
    this.#ended = once(this.#process, 'close').finally(() => (this.#over = true));
    let rest = '';
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
  }

  /** Resolves once it has printed as many lines. Rejects when it ends before, or takes longer than 15 s. */
  async printed(count: number): Promise<void> {
    await this.#until(() => this.lines.length >= count || this.#over);
    if (this.lines.length < count) throw new Error(`it ended after ${this.lines.length} lines of ${count}: ${this.#errors}`);
  }

  /** Resolves when it has ended by itself; rejects when it failed, or takes longer than 15 s. */
  async done(): Promise<void> {
    await this.#until(() => this.#over);
    if (this.#process.exitCode !== 0) throw new Error(`it ended with ${this.#process.exitCode}: ${this.#errors}`);
  }

  /** Ends it as nothing but the kernel can, without any handler of its own. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  async #until(condition: () => boolean): Promise<void> {
    for (const latest = performance.now() + WAIT_MS; !condition(); await sleep(POLL_MS)) {
      if (performance.now() > latest)
        throw new Error(`it printed ${this.lines.length} lines in ${WAIT_MS} ms and runs on: ${this.#errors}`);
    }
  }
}
