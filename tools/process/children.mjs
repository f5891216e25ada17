import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a program printed last is what explains its failure; more than this is never shown. */
const outputCharsMax = 256 * 1024;
/** Between the polite signal and the one that cannot be refused. */
const graceMs = 15_000;
/** A pipe that is still open this long after its program ended is held by something that escaped the group. */
const drainMs = 1_000;
/** Not by a call after the start: what the program had started by then would keep its priority. */
const behindAllElse = ['nice', '-n', '19'];
const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

const running = new Set();
let stopping = false;

/**
 * Runs a program in a process group of its own and waits for its end. Whatever it leaves behind in that group is killed.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{cwd?: string, env?: Record<string, string | undefined>, timeoutMs?: number, output?: 'capture' | 'inherit', decidesItsEnd?: boolean, background?: AbortSignal}} options
 *   `decidesItsEnd`: signals are passed on to the program, which stops its own children in its own order;
 *   `background`: what stops it, and it computes on what everything else leaves over
 * @returns {Promise<{code: number, output: string, timedOut: boolean}>} a program that could not be started has code 127
 */
export async function run(
  command,
  args,
  { cwd, env = process.env, timeoutMs, output = 'capture', decidesItsEnd = false, background } = {},
) {
  if (stopping) return new Promise(() => undefined); // this process ends as soon as the last child has
  const stdio = output === 'inherit' ? 'inherit' : ['ignore', 'pipe', 'pipe'];
  const [program, ...rest] = commandLine([command, ...args], background);
  const child = spawn(program, rest, { cwd, env, stdio, detached: true });
  const entry = { child, decidesItsEnd, timedOut: false };
  running.add(entry);
  const printed = boundedOutput(child);
  if (background) stopBy(background, entry);
  const timer = timeoutMs && setTimeout(() => ((entry.timedOut = true), stopGroup(entry, 'SIGTERM')), timeoutMs);
  try {
    const code = await endOf(child);
    return { code, output: printed(), timedOut: entry.timedOut };
  } catch (error) {
    return { code: 127, output: `${command}: ${error.message}`, timedOut: false };
  } finally {
    clearTimeout(timer);
    running.delete(entry);
  }
}

/** Ctrl-C and `kill` stop everything that was started here, and then this process. */
export function stopChildrenOnSignals() {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => handleSignal(signal));
}

function handleSignal(signal) {
  const deciding = [...running].filter((entry) => entry.decidesItsEnd);
  if (deciding.length > 0) {
    for (const { child } of deciding) send(child.pid, signal);
    return;
  }
  stopping = true;
  for (const entry of running) stopGroup(entry, signal);
  void allEnded().then(() => process.exit(128 + signalNumbers[signal]));
}

async function endOf(child) {
  const [code, signal] = await once(child, 'exit');
  send(-child.pid, 'SIGKILL');
  const drained = AbortSignal.timeout(drainMs);
  if (child.stdout && !child.stdout.closed) await once(child, 'close', { signal: drained }).catch(() => undefined);
  return code ?? 128 + (signalNumbers[signal] ?? signalNumbers.SIGKILL);
}

function commandLine(words, background) {
  return background ? [...behindAllElse, ...words] : words;
}

function stopBy(signal, entry) {
  const stop = () => running.has(entry) && stopGroup(entry, 'SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
}

function boundedOutput(child) {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk) => (text = (text + chunk).slice(-outputCharsMax)));
  }
  return () => text;
}

function stopGroup(entry, signal) {
  send(-entry.child.pid, signal);
  setTimeout(() => running.has(entry) && send(-entry.child.pid, 'SIGKILL'), graceMs).unref();
}

function send(target, signal) {
  if (!target) return; // never started, so there is nothing to signal
  try {
    process.kill(target, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // it ended by itself in the meantime
  }
}

async function allEnded() {
  while (running.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}
