import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What a program printed last is what explains its failure; more is never shown. */
const OUTPUT_CHARS_MAX = 64 * 1024;

export interface CommandOptions {
  readonly cwd?: string;
  readonly env: Environment;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface CommandResult {
  /** 127 for a program that could not be started. */
  readonly code: number;
  readonly stdout: string;
  /** Standard output and error together, the end of it. */
  readonly output: string;
  readonly timedOut: boolean;
}

/** Runs a program to its end. Rejects only when `signal` aborts; the program is then told to stop, as it is when its time is over. */
export async function runCommand([command = '', ...args]: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { cwd, env, timeoutMs, signal } = options;
  signal?.throwIfAborted();
  const [program = command, ...rest] = dyingWithUs([command, ...args], env);
  const child = spawn(program, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', output: '' };
  child.stdout
    .setEncoding('utf8')
    .on('data', (chunk: string) => ((text.stdout = tail(text.stdout + chunk)), (text.output = tail(text.output + chunk))));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.output = tail(text.output + chunk)));
  let timedOut = false;
  const timer = setTimeout(() => ((timedOut = true), child.kill('SIGTERM')), timeoutMs);
  const stop = (): boolean => child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const code = await new Promise<number>((resolve) => {
      child.once('error', (error) => ((text.output += `${command}: ${error.message}`), resolve(127)));
      child.once('close', (exit) => resolve(exit ?? 1));
    });
    signal?.throwIfAborted();
    return { code, ...text, timedOut };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

function tail(text: string): string {
  return text.slice(-OUTPUT_CHARS_MAX);
}

/**
 * The command, prefixed so that the kernel kills it when this process ends, in whatever way: a `kill -9` runs no code of ours. Where
 * there is no setpriv (it is part of Linux' util-linux), the command as it is. The process id is that of the program itself.
 */
export function dyingWithUs(command: readonly string[], env: Environment): readonly string[] {
  return programOnPath(['setpriv'], env) === undefined ? command : ['setpriv', '--pdeathsig', 'KILL', ...command];
}

/** The first of the names that a folder of PATH holds and that may be run; in the order of the folders. */
export function programOnPath(names: readonly string[], env: Environment): string | undefined {
  const candidates = (env['PATH'] ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
