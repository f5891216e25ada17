import { storageIdOf, type FaceModelRepository, type FaceModelStatus, type StoredFaceModel } from '@facehash/facemodel';
import { canonicalJson, deadline, hasCode, supervise, type Random } from '@facehash/kernel';
import type { Command, Messaging } from '@facehash/messaging-core';
import {
  Asked,
  consumeSideBySide,
  Reconciler,
  ReplicaBoard,
  type PassOutcome,
  type ReconcileParts,
  type TrainingRunner,
} from '@facehash/reconciler';
import { Deletions, type DeletionParts } from './deletions.js';
import { WorkQueue } from './work-queue.js';

const PASS_TIMEOUT_MS = 30_000;
/** How soon a FaceModel that another process applied is noticed. */
const POLL_MS = 500;
/** Everything is looked at this often even if no message says so: a lost one costs delay only. */
const RESYNC_MS = 10_000;

export interface LocalControllerOptions
  extends Pick<ReconcileParts, 'objects' | 'pipeline' | 'clock' | 'logger'>, Pick<DeletionParts, 'erase' | 'lastSweepAfterMs'> {
  readonly models: FaceModelRepository;
  readonly messaging: Messaging;
  readonly runner: TrainingRunner;
  /** Orders what is published: see `takeTerm`. */
  readonly term: number;
  /** Bound on training runs at once, over all models. */
  readonly runsMax: number;
  readonly random: Random;
  /** Changes whenever any FaceModel may have changed, also by another process. Cheap. */
  readonly changeToken: () => Promise<string | number>;
  /** Called once, when another controller of the same models has taken over: this one does nothing any more. */
  readonly onSucceeded?: () => void;
}

export interface LocalController {
  close(): Promise<void>;
}

/**
 * The lifecycle of every model, driven on one machine. Level-triggered: messages, reports and timers only say which model to
 * look at; each pass reads the truth again. Resolves when every model has been looked at and its state published once.
 */
export async function openLocalController(options: LocalControllerOptions): Promise<LocalController> {
  const loop = new ControlLoop(options);
  try {
    await loop.lookAtEverything();
  } catch (error) {
    await loop.close();
    throw error;
  }
  return loop;
}

class ControlLoop implements LocalController {
  readonly #stop = new AbortController();
  readonly #queue: WorkQueue;
  readonly #replicas: ReplicaBoard;
  readonly #deletions: Deletions;
  readonly #reconciler: Reconciler;
  readonly #background: Promise<unknown>[] = [];
  /** Storage id to the name that the repository finds the model by. */
  readonly #names = new Map<string, string>();
  readonly #asked: Asked;

  constructor(private readonly options: LocalControllerOptions) {
    const { messaging, runner, clock, random } = options;
    this.#queue = new WorkQueue(clock, random, this.#stop.signal);
    this.#asked = new Asked(options);
    this.#replicas = new ReplicaBoard(clock);
    this.#deletions = new Deletions(options);
    const isDeleted = (storageId: string): boolean => this.#deletions.isDeleted(storageId);
    this.#reconciler = new Reconciler({
      ...options,
      term: () => options.term,
      source: 'facehash/controller',
      replicas: this.#replicas,
      isDeleted,
      succeeded: (successor) => this.#stepDown(successor),
      slotFree: () => runner.runs().filter((run) => !run.outcome).length < options.runsMax,
      writeStatus: (model, status) => this.#writeStatus(model, status),
    });
    const changed = (storageId: string | null): void => (storageId === null ? this.#lookAtAll() : this.#queue.add(storageId));
    const stopListening = runner.onChange(changed);
    this.#stop.signal.addEventListener('abort', stopListening, { once: true });
    this.#run('replica reports', () => this.#replicas.follow(messaging.replicas, changed, this.#stop.signal));
    this.#run('commands', () => consumeSideBySide(messaging.commands, (command) => this.#take(command), this.#stop.signal));
  }

  async lookAtEverything(): Promise<void> {
    await this.#refresh();
    for (const [storageId, name] of this.#names) {
      await this.#work(storageId);
      await this.#reconciler.publishKnown(await this.options.models.find(name), this.#stop.signal);
    }
    this.#run('work', () => this.#workLoop());
    this.#run('poll', () => this.#pollLoop());
    this.#run('deletions', () => this.#deletionLoop());
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#background);
  }

  async #workLoop(): Promise<void> {
    for (let key = await this.#queue.next(); key !== undefined; key = await this.#queue.next()) await this.#work(key);
  }

  async #pollLoop(): Promise<void> {
    let token: string | number | undefined;
    for (let sinceResync = 0; ; sinceResync += POLL_MS) {
      await this.options.clock.sleep(POLL_MS, this.#stop.signal);
      const now = await this.options.changeToken();
      if (now === token && sinceResync < RESYNC_MS) continue;
      if (sinceResync >= RESYNC_MS) sinceResync = 0;
      token = now;
      await this.#refresh();
      this.#lookAtAll();
    }
  }

  /** Of its own, as erasing a large model takes minutes and the others must not wait. */
  async #deletionLoop(): Promise<void> {
    for (;;) {
      await this.#deletions.work(this.#stop.signal);
      await this.options.clock.sleep(POLL_MS, this.#stop.signal);
    }
  }

  async #writeStatus(model: StoredFaceModel, status: FaceModelStatus): Promise<boolean> {
    if (canonicalJson(status) === canonicalJson(model.status)) return false;
    await this.options.models.writeStatus(model.uid, status);
    return true;
  }

  async #refresh(): Promise<void> {
    const models = await this.options.models.list();
    this.#names.clear();
    for (const model of models) this.#names.set(storageIdOf(model), model.name);
    await this.#deletions.refresh((deleted) => this.#reconciler.publishTombstone(deleted, deadline(PASS_TIMEOUT_MS, this.#stop.signal)));
  }

  #lookAtAll(): void {
    for (const storageId of this.#names.keys()) this.#queue.add(storageId);
  }

  async #work(storageId: string): Promise<void> {
    try {
      const outcome = await this.#pass(storageId);
      this.#queue.succeeded(storageId);
      if (outcome === 'again') this.#queue.add(storageId);
      else if (outcome !== 'settled') this.#queue.addAfter(storageId, outcome);
    } catch (error) {
      this.#asked.failed(storageId, error);
      if (this.#stop.signal.aborted) return;
      // Losing a race is ordinary: read again, decide again.
      const level = hasCode(error, 'CONFLICT') ? 'debug' : 'error';
      this.options.logger[level]('a pass over a model failed and will be tried again', { storageId, error });
      this.#queue.failed(storageId);
    }
  }

  async #pass(storageId: string): Promise<PassOutcome> {
    const name = this.#names.get(storageId);
    const model = name === undefined ? undefined : await this.options.models.find(name);
    if (!model) {
      this.#asked.refuse(storageId);
      return 'settled';
    }
    const asked = this.#asked.of(storageId);
    const outcome = await this.#reconciler.pass(model, asked?.wish ?? {}, deadline(PASS_TIMEOUT_MS, this.#stop.signal));
    asked?.recorded();
    return outcome;
  }

  /** Acknowledged when it is recorded, where nothing but the command says what is wanted. */
  async #take(command: Command): Promise<void> {
    const { storageId } = command;
    const recorded = command.kind === 'activate' ? this.#asked.activate(command, this.#stop.signal) : undefined;
    this.#queue.add(storageId);
    await recorded;
  }

  /**
   * Two of them at once are a mistake of whoever runs them. It does not end its process: started again, it would take over in turn, and so
   * would the other.
   */
  #stepDown(successor: number): void {
    if (this.#stop.signal.aborted) return;
    const { runner, logger, term, onSucceeded } = this.options;
    logger.error('another lifecycle has taken these models over: this one does nothing any more, and one of them must be stopped', {
      term,
      successor,
    });
    this.#stop.abort();
    const ending = runner.runs().map(({ spec }) => runner.cancel(spec.run));
    this.#background.push(Promise.allSettled(ending));
    onSucceeded?.();
  }

  #run(what: string, task: () => Promise<void>): void {
    const { clock, random, logger } = this.options;
    this.#background.push(supervise(task, { what, clock, random, logger, signal: this.#stop.signal }));
  }
}
