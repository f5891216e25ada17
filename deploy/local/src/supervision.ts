import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answers } from './probe.js';
import type { Component, Report } from './plan.js';

const pollMs = 50;
const tailLines = 15;

export interface SupervisionOptions {
  readonly logDir: string;
  /** What every component gets of the environment, before its own. */
  readonly env: Readonly<Record<string, string>>;
  readonly report: (report: Report) => void;
  /** Milliseconds since the start. */
  readonly elapsedMs: () => number;
}

/**
 * Starts every component as soon as those that it names are ready. Resolves when all are, and rejects with what is to be said when one ends
 * that should run, fails, or is not ready in time. None is ever started again: a cluster that lost a part is a failed cluster.
 */
export class Supervision {
  readonly #running = new Map<string, ChildProcess>();
  readonly #failure = Promise.withResolvers<never>();
  #stopping = false;

  constructor(private readonly options: SupervisionOptions) {
    // Whoever waits sees it; before anybody does, it is no unhandled rejection.
    this.#failure.promise.catch(() => undefined);
  }

  /** Never resolves; rejects with the first failure, also after everything was ready. */
  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  async start(components: readonly Component[]): Promise<void> {
    const readiness = new Map<string, Promise<void>>();
    for (const component of inOrder(components)) {
      const before = component.after.flatMap((name) => readiness.get(name) ?? []);
      const ready = Promise.all(before).then(() => this.#startOne(component));
      ready.catch((error: unknown) => this.#failure.reject(error));
      readiness.set(component.name, ready);
    }
    await Promise.race([Promise.all(readiness.values()), this.failed]);
  }

  stop(): void {
    this.#stopping = true;
    for (const child of this.#running.values()) child.kill('SIGKILL');
  }

  async #startOne(component: Component): Promise<void> {
    if (this.#stopping) return;
    const child = this.#spawn(component);
    this.options.report({ event: 'started', component: component.name });
    const ended = endOf(child).finally(() => this.#running.delete(component.name));
    if (component.runs === 'once') {
      const how = await within(component.timeoutMs, ended);
      if (how !== 'code 0') throw await this.#saying(component, how === undefined ? tooLate(component) : `failed with ${how}`);
    } else {
      void ended.then(async (how) => {
        if (!this.#stopping) this.#failure.reject(await this.#saying(component, `ended with ${how}`));
      });
      if (component.ready) await this.#untilReady(component, component.ready, child);
    }
    this.options.report({ event: 'ready', component: component.name, afterMs: this.options.elapsedMs() });
  }

  #spawn({ name, argv, env }: Component): ChildProcess {
    const [command = '', ...args] = argv;
    const log = openSync(join(this.options.logDir, `${name}.log`), 'a', 0o600);
    try {
      const child = spawn(command, args, { stdio: ['ignore', log, log], env: { ...this.options.env, ...env } });
      this.#running.set(name, child);
      return child;
    } finally {
      closeSync(log);
    }
  }

  async #untilReady(component: Component, probe: NonNullable<Component['ready']>, child: ChildProcess): Promise<void> {
    const end = performance.now() + component.timeoutMs;
    while (!(await answers(probe))) {
      // Why it ended is told by whoever waits for its end.
      if (child.exitCode !== null || child.signalCode !== null) return this.failed;
      if (performance.now() > end) throw await this.#saying(component, tooLate(component));
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  async #saying({ name }: Component, what: string): Promise<Error> {
    const path = join(this.options.logDir, `${name}.log`);
    const lines = (await readFile(path, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-tailLines);
    return new Error(`${name} ${what}. The last lines of ${path}:\n${lines.join('\n')}`);
  }
}

function tooLate({ timeoutMs }: Component): string {
  return `was not ready within ${timeoutMs / 1000} s`;
}

/** How a process ended: `code 1`, `signal SIGKILL`, or why it never began. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(String(error)));
    child.once('exit', (code, signal) => resolve(code === null ? `signal ${signal ?? '?'}` : `code ${code}`));
  });
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Every component after those that it names. Throws where that cannot be. */
export function inOrder(components: readonly Component[]): readonly Component[] {
  const ordered: Component[] = [];
  const placed = new Set<string>();
  let left = components;
  while (left.length > 0) {
    const next = left.filter(({ after }) => after.every((name) => placed.has(name)));
    if (next.length === 0) throw new Error(`these wait for each other or for nobody: ${left.map(({ name }) => name).join(', ')}`);
    ordered.push(...next);
    for (const { name } of next) placed.add(name);
    left = left.filter(({ name }) => !placed.has(name));
  }
  return ordered;
}
