import { spawn } from 'node:child_process';
import { dyingWithUs } from '@facehash/test-servers';
import { lastLines } from '../../../tools/setup/set-up-error.mjs';
import type { Environment } from './config.js';
import { ImagesError } from './images-error.js';

/** What a program printed last is what explains its failure; more is never shown. */
const OUTPUT_CHARS_MAX = 256 * 1024;

export interface CommandOptions {
  readonly env: Environment;
  readonly timeoutMs: number;
  readonly cwd?: string;
  /** Each line that it prints, while it runs. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Keep all of its standard output and not the end alone, because that is what it was run for. */
  readonly stdoutWhole?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface CommandResult {
  readonly stdout: string;
  /** Standard output and error together, the end of it. */
  readonly output: string;
}

/**
 * Runs a program to its end, and ends it when this process ends, in whatever way.
 * @throws {ImagesError} `buildFailed` with its last lines when it fails or takes too long; the reason of `signal` when that aborts
 */
export async function runCommand(command: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { signal, timeoutMs } = options;
  signal?.throwIfAborted();
  const { code, timedOut, ...result } = await ended(command, options);
  signal?.throwIfAborted();
  if (code === 0) return result;
  const how = timedOut ? `took longer than ${timeoutMs / 60_000} minutes` : `ended with code ${code}`;
  throw new ImagesError('buildFailed', `${command.slice(0, 3).join(' ')} … ${how}. Its last lines:\n${lastLines(result.output)}`);
}

interface Ended extends CommandResult {
  readonly code: number;
  readonly timedOut: boolean;
}

function ended(command: readonly string[], { cwd, env, timeoutMs, onLine, stdoutWhole = false, signal }: CommandOptions): Promise<Ended> {
  const [program = '', ...args] = dyingWithUs(command, env);
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', output: '' };
  let timedOut = false;
  // SIGKILL: `unshare` waits through every milder signal, and what it started ends with it.
  const timer = setTimeout(() => ((timedOut = true), child.kill('SIGKILL')), timeoutMs);
  const stop = (): boolean => child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  const tell = byLine(onLine);
  child.stdout
    .setEncoding('utf8')
    .on('data', (chunk: string) => (text.stdout = stdoutWhole ? text.stdout + chunk : tail(text.stdout + chunk)));
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text.output = tail(text.output + chunk);
      tell(chunk);
    });
  }
  return new Promise<Ended>((resolve) => {
    child.once('error', (error) => resolve({ ...text, output: `${program}: ${error.message}`, code: 127, timedOut }));
    child.once('close', (code) => resolve({ ...text, code: code ?? 137, timedOut }));
  }).finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  });
}

function byLine(onLine: ((line: string) => void) | undefined): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine?.(line);
  };
}

function tail(text: string): string {
  return text.slice(-OUTPUT_CHARS_MAX);
}

/**
 * The command in namespaces of its own for mounts and processes: whatever it mounts or starts is gone when it ends, however it ends, and
 * nobody else sees it meanwhile.
 */
export function alone(command: readonly string[]): readonly string[] {
  return ['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc', ...command];
}
