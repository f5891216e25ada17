import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { outcomeOf, runProgressSchema, type RunOutcome, type RunProgress, type RunSpec } from '@facehash/artifacts';
import { FaceHashError, sha256Hex, type Clock, type Logger, type Tracer } from '@facehash/kernel';
import type { ObservedRun, TrainingRunner } from '@facehash/reconciler';

/** Between the polite signal and the one that cannot be refused. */
const TERM_GRACE_MS = 10_000;
/** The trainer ends a run that takes too long by itself; this much later it is ended from outside. */
const DEADLINE_GRACE_MS = 30_000;

export interface RunnerOptions {
  /** The trainer's program. */
  readonly trainer: string;
  /** What the trainer gets to know: no key, and nothing that is not named here. */
  readonly environment: Readonly<Record<string, string>>;
  /** Settings by which a run reaches the objects of its model. Rejects when it cannot be given any. */
  readonly objectsFor: (spec: RunSpec) => Promise<Readonly<Record<string, string>>>;
  /** For the messages that runs leave when they end. Emptied. */
  readonly messagesDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracer: Tracer;
}

/** Runs the trainer in child processes that end with this one. */
export async function openChildProcessRunner(options: RunnerOptions): Promise<TrainingRunner> {
  await rm(options.messagesDir, { recursive: true, force: true });
  await mkdir(options.messagesDir, { recursive: true });
  return new ChildProcessRunner(options);
}

interface Run {
  readonly spec: RunSpec;
  readonly startedAt: Date;
  readonly child: ChildProcess;
  readonly message: string;
  /** Resolves when the process is gone and what it left behind has been read. */
  readonly ended: Promise<void>;
  progress?: RunProgress;
  outcome?: RunOutcome;
}

class ChildProcessRunner implements TrainingRunner {
  readonly #runs = new Map<string, Run>();
  readonly #listeners = new Set<(storageId: string) => void>();

  constructor(private readonly options: RunnerOptions) {}

  async start(spec: RunSpec): Promise<void> {
    const objects = await this.options.objectsFor(spec);
    if (this.#runs.has(spec.run)) return;
    const message = join(this.options.messagesDir, `${sha256Hex(spec.run).slice(0, 32)}.json`);
    const child = this.#spawn(spec, message, objects);
    const gone = once(child, 'exit');
    const run: Run = {
      spec,
      startedAt: this.options.clock.now(),
      child,
      message,
      ended: gone.then(() => this.#finish(run)).catch((cause: unknown) => this.#lost(run, cause)),
    };
    this.#runs.set(spec.run, run);
    try {
      await once(child, 'spawn');
    } catch (cause) {
      this.#runs.delete(spec.run);
      throw new FaceHashError('TRAINING_FAILED', { run: spec.run, trainer: this.options.trainer }, { cause });
    }
    this.#follow(run);
  }

  runs(): readonly ObservedRun[] {
    return [...this.#runs.values()].map(({ spec, startedAt, progress, outcome }) => ({
      spec,
      startedAt,
      ...(progress ? { progress } : {}),
      ...(outcome ? { outcome } : {}),
    }));
  }

  async cancel(name: string): Promise<void> {
    const run = this.#runs.get(name);
    if (!run) return;
    this.#runs.delete(name);
    await stop(run);
  }

  forget(name: string): Promise<void> {
    if (this.#runs.get(name)?.outcome) this.#runs.delete(name);
    return Promise.resolve();
  }

  onChange(listener: (storageId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#runs.keys()].map((name) => this.cancel(name)));
  }

  #spawn(spec: RunSpec, message: string, objects: Readonly<Record<string, string>>): ChildProcess {
    // A group of its own: Ctrl-C at the terminal is ours to pass on, and what the trainer starts can be killed with it.
    // Its standard input is a pipe that breaks when this process dies, which is how it notices.
    return spawn(process.execPath, [this.options.trainer], {
      env: {
        ...this.options.environment,
        ...objects,
        FACEHASH_RUN: JSON.stringify(spec),
        FACEHASH_TERMINATION_MESSAGE: message,
        FACEHASH_EXIT_WITH_PARENT: '1',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
  }

  #follow(run: Run): void {
    const { child, spec } = run;
    lowerPriority(child);
    child.stdin?.on('error', () => undefined);
    const tooLate = setTimeout(() => void stop(run), spec.deadlineSeconds * 1000 + DEADLINE_GRACE_MS);
    void run.ended.finally(() => clearTimeout(tooLate));
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const progress = progressIn(line);
      if (!progress) return;
      run.progress = progress;
      this.#changed(run);
    });
  }

  async #finish(run: Run): Promise<void> {
    const { child, spec, startedAt } = run;
    const told = await readMessage(run.message);
    run.outcome = outcomeOf({ code: child.exitCode, signal: child.signalCode }, told, spec.version);
    this.options.logger.info('training run ended', { run: spec.run, storageId: spec.storageId, ...run.outcome });
    this.options.tracer.background({
      name: 'training.run',
      startMs: startedAt.getTime(),
      endMs: this.options.clock.now().getTime(),
      attributes: { 'facehash.model': spec.storageId, 'facehash.version': spec.version, 'facehash.outcome': run.outcome.outcome },
    });
    this.#changed(run);
  }

  /** Its end could not be told: it is one that says nothing of itself. */
  #lost(run: Run, cause: unknown): void {
    this.options.logger.warn('the end of a training run could not be read', { run: run.spec.run, error: cause });
    run.outcome = outcomeOf({ code: null, signal: null }, undefined, run.spec.version);
    this.#changed(run);
  }

  #changed(run: Run): void {
    if (this.#runs.get(run.spec.run) !== run) return;
    for (const listener of this.#listeners) listener(run.spec.storageId);
  }
}

/** TERM, then KILL to the whole group. Resolves when the process is gone. */
async function stop({ child, ended }: Run): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return ended;
  child.kill('SIGTERM');
  const hard = setTimeout(() => killGroup(child), TERM_GRACE_MS);
  try {
    await ended;
  } finally {
    clearTimeout(hard);
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It went by itself in the meantime.
  }
}

/** Who waits for an answer comes first; training takes what is left. */
function lowerPriority({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not allowed, or gone already: a courtesy and no more.
  }
}

function progressIn(line: string): RunProgress | undefined {
  try {
    return runProgressSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

async function readMessage(path: string): Promise<unknown> {
  try {
    const told: unknown = JSON.parse(await readFile(path, 'utf8'));
    await rm(path, { force: true });
    return told;
  } catch {
    // A run that was killed leaves none; its exit tells enough.
    return undefined;
  }
}
