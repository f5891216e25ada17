import type { RunOutcome, RunProgress, RunSpec } from '@facehash/artifacts';
import type { StoredFaceModel } from '@facehash/facemodel';
import { deadline, FaceHashError, hasCode, type Clock, type Logger } from '@facehash/kernel';
import { ApiError, hasApiCode, keyOf, type Watched } from '@facehash/operator-runtime';
import type { ObservedRun, TrainingRunner } from '@facehash/reconciler';
import type { TrainingJob } from './observed-job.js';
import type { TrainerPod } from './observed-pod.js';
import { runState } from './run-state.js';
import type { RunLoad } from './run-queue.js';
import { failed, type RunState } from './run-watching.js';
import type { RunOrder, StoreCredentials } from './training-job.js';
import type { RunIdentity, TrainingJobs } from './training-jobs.js';
import type { TrainingProfiles } from './training-profiles.js';

/** All calls of one start. */
const START_MS = 60_000;
const GONE_MS = 30_000;
/** So long before their end, credentials of a run that has not begun are made anew. */
const RENEWAL_MS = 60_000;
/** Between two renewals, also of credentials that never last long enough. */
const RENEWAL_PAUSE_MS = 300_000;
/** A cache that has not shown by now what was made has missed it. */
const UNSEEN_MS = 120_000;

export interface JobRunsParts {
  readonly calls: TrainingJobs;
  readonly jobs: Pick<Watched<TrainingJob>, 'list' | 'get' | 'subscribe'>;
  /** With the index `podIndexes`. */
  readonly pods: Pick<Watched<TrainerPod>, 'byIndex' | 'subscribe'>;
  readonly profiles: () => TrainingProfiles;
  readonly modelOf: (storageId: string) => Pick<StoredFaceModel, 'uid' | 'name' | 'namespace' | 'spec'> | undefined;
  /**
   * For one run and its model's objects. They must last for its start deadline and its deadline; who begins later gets newer ones. Rejects
   * with RUN_NOT_STARTED, and `why` in its details, where somebody has to change what may be given.
   */
  readonly credentialsFor: (spec: RunSpec, signal: AbortSignal) => Promise<StoreCredentials>;
  /** Whether any node has so many of them. Absent: nobody may look at nodes, and it is tried. */
  readonly offersAccelerator?: (resource: string, count: number) => boolean;
  /** Whether one more run, of this model, may begin now; it counts from then on. Absent: as many as are asked for. */
  readonly admit?: (storageId: string) => boolean;
  /** The newest that the run itself said. */
  readonly progressOf?: (run: RunSpec) => RunProgress | undefined;
  /** Is told of each run whose outcome has been written down, as it is forgotten. */
  readonly onEnded?: (ended: EndedRun) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface JobRun extends ObservedRun {
  /** Null: no Job could be made of it. */
  readonly jobName: string | null;
  /** It waits for an accelerator that it must have, and takes no room meanwhile. */
  readonly parked: boolean;
}

/** For whoever counts. */
export interface EndedRun {
  readonly outcome: RunOutcome;
  /** From the making of its Job on. */
  readonly seconds: number;
}

export const podIndexes = { job: ({ jobUid }: TrainerPod) => [jobUid] };

/**
 * Runs the trainer in Jobs. Everything is read from the cluster; what is remembered only bridges the time until a cache shows what was done.
 * Calls for one model must come one after another, as they do from workers of a queue by model.
 */
export class JobRuns implements TrainingRunner {
  readonly #listeners = new Set<(storageId: string) => void>();
  readonly #closed = new AbortController();
  /** By key: made here, and not in the cache yet. */
  readonly #made = new Map<string, TrainingJob>();
  /** Uids of Jobs that were deleted here, until the cache knows. */
  readonly #deleted = new Set<string>();
  /** By run: no Job can be made of it. */
  readonly #refused = new Map<string, JobRun>();
  /** Runs that found no accelerator and do without. */
  readonly #withoutAccelerator = new Set<string>();
  /** Runs of which one Job goes and another one comes. */
  readonly #replaced = new Map<string, JobRun>();
  /** By uid of the Job: when its credentials were renewed. */
  readonly #renewedAtMs = new Map<string, number>();

  constructor(private readonly parts: JobRunsParts) {
    parts.jobs.subscribe(({ kind, key, object }) => {
      this.#made.delete(key);
      if (kind === 'deleted') this.#forgetJob(object.metadata.uid ?? '');
      if (kind !== 'resync') this.#tell(object.storageId);
    });
    parts.pods.subscribe(({ kind, object }) => {
      if (kind !== 'resync') this.#tell(object.storageId);
    });
  }

  /** Rejects with CONFLICT where no run may begin now, another Job of the model is not gone, or the profile that it names is not there. */
  async start(spec: RunSpec): Promise<void> {
    if (this.runs(spec.storageId).some((run) => run.spec.run === spec.run)) return;
    const order = this.#orderOf(spec);
    // Decided from an older spec: the next look says so.
    if (order === undefined) throw new FaceHashError('CONFLICT', { run: spec.run, why: 'its training profile is not there' });
    if (this.parts.admit?.(spec.storageId) === false) throw new FaceHashError('CONFLICT', { run: spec.run, why: 'no place is free' });
    await this.#begin(order, deadline(START_MS, this.#closed.signal));
  }

  /** The oldest first. Of one model where it is named: a pass must not cost as much as there are runs. */
  runs(storageId?: string): readonly JobRun[] {
    const ofJobs = this.#present(storageId).map((job) => this.#runOf(job));
    const others = [...this.#replaced.values(), ...this.#refused.values()];
    return [...ofJobs, ...others.filter(({ spec }) => isOf(spec, storageId))].filter((run) => run !== undefined);
  }

  /** What counts among the runs at once: also what is going, as its pod may not be gone. */
  load(): readonly RunLoad[] {
    const live = this.#known().filter((job) => job.end === undefined);
    const ofJobs = live.map((job) => ({
      storageId: job.storageId,
      // Only who asks for an accelerator can be: asked first, as all that run are looked at for each that begins.
      parked: job.accelerated && job.spec !== null && this.#stateOf(job, job.spec).kind === 'parked',
    }));
    return [...ofJobs, ...[...this.#replaced.values()].map(({ spec }) => ({ storageId: spec.storageId, parked: false }))];
  }

  async cancel(run: string): Promise<void> {
    this.#drop(run);
    for (const job of this.#jobsOf(run)) await this.#removeAndWait(job, this.#closed.signal);
  }

  async forget(run: string): Promise<void> {
    const ended = this.runs().find(({ spec }) => spec.run === run);
    this.#drop(run);
    for (const job of this.#jobsOf(run)) {
      await this.parts.calls.remove(job, this.#closed.signal);
      this.#gone(job);
    }
    if (ended?.outcome) this.parts.onEnded?.({ outcome: ended.outcome, seconds: (this.#nowMs - ended.startedAt.getTime()) / 1000 });
  }

  /**
   * Finishes what a start that was cut off left undone, gives a run that found no accelerator one more try without, renews credentials, and
   * removes what is no run of this model. To be called in each pass, before anything is decided. Resolves to the time until it has to be
   * called again if nothing changes, null: never.
   */
  async tend(storageId: string, signal: AbortSignal): Promise<number | null> {
    const [job, ...surplus] = this.#present(storageId).filter((known) => known.end === undefined);
    for (const one of surplus) await this.#removeAndWait(one, signal);
    if (job === undefined) return null;
    if (job.spec === null) return this.#removeAndWait(job, signal);
    const state = this.#stateOf(job, job.spec);
    if (state.kind === 'withoutAccelerator') return this.#replace(job, job.spec, signal);
    const renewalInMs = await this.#renewed(job, { spec: job.spec, state }, signal);
    const untilMs = 'untilMs' in state ? state.untilMs : undefined;
    return soonest(renewalInMs, untilMs === undefined ? null : Math.max(0, untilMs - this.#nowMs));
  }

  /** Jobs of models that are not among these: which must be all that there are. */
  orphans(storageIds: ReadonlySet<string>): readonly string[] {
    return this.#orphans(storageIds).map(({ metadata }) => metadata.name);
  }

  async removeOrphans(storageIds: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    for (const { spec } of this.#refused.values()) if (!storageIds.has(spec.storageId)) this.#drop(spec.run);
    for (const job of this.#orphans(storageIds)) {
      this.parts.logger.info('the Job of a model that is gone is removed', { job: job.metadata.name, storageId: job.storageId });
      await this.#removeAndWait(job, signal);
    }
  }

  onChange(listener: (storageId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Jobs go on: the next operator finds them. */
  close(): Promise<void> {
    this.#closed.abort(new FaceHashError('SHUTTING_DOWN'));
    this.#listeners.clear();
    return Promise.resolve();
  }

  get #nowMs(): number {
    return this.parts.clock.now().getTime();
  }

  /** Undefined where the profile that its model names is not there. */
  #orderOf(spec: RunSpec): RunOrder | undefined {
    const { modelOf, profiles, offersAccelerator } = this.parts;
    const model = modelOf(spec.storageId);
    if (model === undefined) throw new FaceHashError('TRAINING_FAILED', { run: spec.run, why: 'its model is not known' });
    const { profile: profileName, startDeadlineSeconds } = model.spec.training;
    const known = profiles();
    const profile = Object.hasOwn(known, profileName) ? known[profileName] : undefined;
    if (profile === undefined) return undefined;
    const wish = spec.accelerator;
    const inVain = wish?.onUnavailable === 'UseCpu' && offersAccelerator?.(wish.resource, wish.count) === false;
    const accelerated = wish !== null && !inVain && !this.#withoutAccelerator.has(spec.run);
    return { spec, owner: model, profileName, profile, startDeadlineSeconds, accelerated };
  }

  async #begin(order: RunOrder, signal: AbortSignal): Promise<void> {
    const { calls } = this.parts;
    // First: a store that does not answer leaves no Job that waits for it.
    const credentials = await this.parts.credentialsFor(order.spec, signal).catch(unlessNotGiven);
    if (typeof credentials === 'string') return this.#refuse(order.spec, credentials);
    const job = await calls.make(order, signal).catch((error: unknown) => unlessRefused(error, order.spec));
    if (typeof job === 'string') return this.#refuse(order.spec, job);
    this.#made.set(keyOf(job.metadata), job);
    if (job.credentialsUntilMs === null) await this.#give(job, order, { credentials, signal });
  }

  async #give(
    job: TrainingJob,
    whose: RunIdentity,
    { credentials, signal }: { readonly credentials: StoreCredentials; readonly signal: AbortSignal },
  ): Promise<void> {
    await this.parts.calls.release(job, whose, credentials, signal);
    this.#renewedAtMs.set(job.metadata.uid ?? '', this.#nowMs);
  }

  /** It may still begin in time. */
  #keeps({ metadata }: TrainingJob, why: string): void {
    this.parts.logger.warn('a run that has not begun gets no newer credentials', { job: metadata.name, why });
    this.#renewedAtMs.set(metadata.uid ?? '', this.#nowMs);
  }

  /** An outcome and no error: the model's status has to say it. */
  #refuse(spec: RunSpec, why: string): void {
    const outcome = failed('RUN_NOT_STARTED', why);
    this.#refused.set(spec.run, { spec, startedAt: this.parts.clock.now(), outcome, jobName: null, parked: false });
    this.#tell(spec.storageId);
  }

  async #replace(job: TrainingJob, spec: RunSpec, signal: AbortSignal): Promise<null> {
    this.parts.logger.info('no node has the accelerator of a run, which does without', { run: spec.run, job: job.metadata.name });
    this.#withoutAccelerator.add(spec.run);
    const run = this.#runOf(job);
    if (run !== undefined) this.#replaced.set(spec.run, run);
    try {
      const order = this.#orderOf(spec);
      // Where it is not gone in time, the next start finds it going, and later gone.
      await this.#removeAndWait(job, signal);
      // Without its profile the run is no more, and the model waits for another one.
      if (order !== undefined) await this.#begin(order, signal);
    } finally {
      this.#replaced.delete(spec.run);
    }
    return null;
  }

  /** Ms until the credentials of a run that has not begun end. */
  async #renewed(
    job: TrainingJob,
    { spec, state }: { readonly spec: RunSpec; readonly state: RunState },
    signal: AbortSignal,
  ): Promise<number | null> {
    const owner = this.parts.modelOf(spec.storageId);
    const { uid = '' } = job.metadata;
    if (owner === undefined || (state.kind !== 'starting' && state.kind !== 'parked')) return null;
    const dueAtMs = (job.credentialsUntilMs ?? 0) - spec.deadlineSeconds * 1000 - RENEWAL_MS;
    const inMs = Math.max(dueAtMs, (this.#renewedAtMs.get(uid) ?? 0) + RENEWAL_PAUSE_MS) - this.#nowMs;
    if (inMs > 0) return Number.isFinite(inMs) ? inMs : null;
    const credentials = await this.parts.credentialsFor(spec, signal).catch(unlessNotGiven);
    if (typeof credentials !== 'string') await this.#give(job, { spec, owner }, { credentials, signal });
    else this.#keeps(job, credentials);
    return RENEWAL_PAUSE_MS;
  }

  async #removeAndWait(job: TrainingJob, signal: AbortSignal): Promise<null> {
    const gone = await this.parts.calls.removeAndWait(job, GONE_MS, signal);
    this.#gone(job);
    if (!gone) this.parts.logger.warn('a Job is not gone in time; its pod may still run', { job: job.metadata.name });
    return null;
  }

  #forgetJob(uid: string): void {
    this.#deleted.delete(uid);
    this.#renewedAtMs.delete(uid);
  }

  #drop(run: string): void {
    this.#refused.delete(run);
    this.#withoutAccelerator.delete(run);
  }

  #gone({ metadata }: TrainingJob): void {
    this.#made.delete(keyOf(metadata));
    if (metadata.uid !== undefined && this.parts.jobs.get(keyOf(metadata))?.metadata.uid === metadata.uid) this.#deleted.add(metadata.uid);
  }

  #orphans(storageIds: ReadonlySet<string>): readonly TrainingJob[] {
    return this.#present().filter(({ storageId }) => !storageIds.has(storageId));
  }

  #jobsOf(run: string): readonly TrainingJob[] {
    return this.#present().filter(({ spec }) => spec?.run === run);
  }

  /** But what is going. The oldest first, and of the same age in the order of names, so that all see the same first one. */
  #present(storageId?: string): readonly TrainingJob[] {
    const present = this.#known(storageId).filter(
      ({ metadata }) => metadata.deletionTimestamp === undefined && !this.#deleted.has(metadata.uid ?? ''),
    );
    return present.sort((a, b) => a.createdAtMs - b.createdAtMs || (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** What the cache has, and what it will have. */
  #known(storageId?: string): TrainingJob[] {
    for (const [key, { createdAtMs }] of this.#made) if (createdAtMs + UNSEEN_MS < this.#nowMs) this.#made.delete(key);
    const unseen = [...this.#made].filter(([key, { metadata }]) => this.parts.jobs.get(key)?.metadata.uid !== metadata.uid);
    return [...this.parts.jobs.list(), ...unseen.map(([, job]) => job)].filter((job) => isOf(job, storageId));
  }

  #stateOf(job: TrainingJob, { version }: RunSpec): RunState {
    const pods = this.parts.pods.byIndex('job', job.metadata.uid ?? '');
    return runState({ job, version, pods, nowMs: this.#nowMs });
  }

  #runOf(job: TrainingJob): JobRun | undefined {
    const { spec } = job;
    if (spec === null) return undefined;
    const state = this.#stateOf(job, spec);
    // Before its pod runs it can only be what a pod said that is gone.
    const progress = state.kind === 'training' ? this.parts.progressOf?.(spec) : undefined;
    return {
      spec,
      startedAt: new Date(job.createdAtMs),
      jobName: job.metadata.name,
      parked: state.kind === 'parked',
      ...('waitingFor' in state && state.waitingFor !== undefined ? { waitingFor: state.waitingFor } : {}),
      ...(progress === undefined ? {} : { progress }),
      ...(state.kind === 'ended' ? { outcome: state.outcome } : {}),
    };
  }

  #tell(storageId: string): void {
    for (const listener of this.#listeners) listener(storageId);
  }
}

/** Undefined: of any model. */
function isOf(one: { readonly storageId: string }, storageId: string | undefined): boolean {
  return storageId === undefined || one.storageId === storageId;
}

/** Why Kubernetes takes no such Job. What may be otherwise in a moment is thrown on. */
function unlessNotGiven(error: unknown): string {
  if (hasCode(error, 'RUN_NOT_STARTED')) return `it gets no credentials for the store: ${String(error.details['why'])}`;
  throw error;
}

function unlessRefused(error: unknown, { run }: RunSpec): string {
  if (hasApiCode(error, 'invalid', 'forbidden')) return `its Job was refused: ${error.message}`;
  if (error instanceof ApiError) throw new FaceHashError('TRAINING_FAILED', { run }, { cause: error });
  throw error;
}

function soonest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}
