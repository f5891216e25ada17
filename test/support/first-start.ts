import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { delimiter } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const INTERRUPT = '\u0003';
const STOP_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

export interface FirstStartOptions {
  /** A checkout that was never set up. */
  readonly checkout: string;
  /** As the README has it. */
  readonly command: string;
  /** What differs from the environment of somebody who has just opened a terminal. */
  readonly env: Readonly<Record<string, string>>;
}

/** A command typed into a terminal of its own: programs that ask whether a person reads along are told yes. */
export class FirstStart implements AsyncDisposable {
  #text = '';
  #ended = false;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stdout.on('data', (chunk: Buffer) => (this.#text += stripVTControlCharacters(chunk.toString())));
    child.stderr.on('data', (chunk: Buffer) => (this.#text += chunk.toString()));
    child.once('exit', () => (this.#ended = true));
  }

  /** `script` of util-linux makes the terminal; when it ends, however it ends, the kernel hangs up on all that runs in it. */
  static async type({ checkout, command, env }: FirstStartOptions): Promise<FirstStart> {
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      cwd: checkout,
      env: { ...ofANewTerminal(process.env), ...env },
      stdio: 'pipe',
    });
    await once(child, 'spawn');
    return new FirstStart(child);
  }

  get printed(): string {
    return this.#text;
  }

  /** The first group of `pattern` as soon as it is printed. */
  async says(pattern: RegExp, timeoutMs: number, signal: AbortSignal): Promise<string> {
    for (const end = performance.now() + timeoutMs; performance.now() < end; await pause()) {
      signal.throwIfAborted();
      const said = pattern.exec(this.#text)?.[1];
      if (said !== undefined) return said;
      if (this.#ended) throw new Error(`it ended:\n${this.#text.slice(-4000)}`);
    }
    throw new Error(`it did not say ${String(pattern)} within ${timeoutMs / 1000} s:\n${this.#text.slice(-4000)}`);
  }

  /** As a person does: Ctrl-C. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    this.child.stdin.write(INTERRUPT);
    for (const end = performance.now() + STOP_TIMEOUT_MS; performance.now() < end && !this.#ended; await pause());
    if (!this.#ended) throw new Error(`Ctrl-C did not end it:\n${this.#text.slice(-4000)}`);
  }

  /** Politely first: what it started ends with it only then in its own order. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => undefined);
    if (this.#ended) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}

/** Without what npm, this checkout's set-up and its settings put there, so that the Node is the user's own. */
function ofANewTerminal(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = /^(npm_|FACEHASH_|NODE|INIT_CWD$|PORT$|LOG_)/;
  const path = (env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => !ours.test(name))), PATH: path.join(delimiter) };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
