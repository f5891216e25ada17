import type { RunSpec } from '@facehash/artifacts';
import type { StoredFaceModel } from '@facehash/facemodel';
import type { NatsMessaging } from '@facehash/messaging-nats';
import { assumeRunRole, type S3ObjectStore } from '@facehash/object-store-s3';
import {
  ApiKeys,
  BY_STORAGE_ID,
  Deletion,
  FaceModelReconciler,
  Fence,
  Finalizer,
  followCommands,
  JobRuns,
  offersAccelerator,
  Outage,
  OwnWrites,
  ProgressBoard,
  runDesk,
  type RestartPods,
  RunQueue,
  StatusWriter,
  storageIdIn,
  storageTrouble,
  TrainingJobs,
  type DedicatedTemplate,
  type DeletionParts,
  type StoreCredentials,
  type TrainingProfiles,
} from '@facehash/operator-reconcilers';
import { Controller, EventRecorder, keyOf, type Background, type KubeClient, type LeaderElection } from '@facehash/operator-runtime';
import { Asked, ReplicaBoard } from '@facehash/reconciler';
import type { Registry } from 'prom-client';
import type { Caches, Context } from './caches.js';
import type { OperatorConfig } from './config.js';
import { jobSettings } from './job-settings.js';
import { modelMetrics, type ModelMetrics } from './model-metrics.js';
import { followRestarts, openServing, type Serving } from './serving.js';

/** What is left of a run that its deadline ends: its report. */
const ROLE_SLACK_SECONDS = 120;
const ROLE_SECONDS_MIN = 900;
/** Jobs of models that are gone are looked for this often, and by who leads. */
const ORPHANS_MS = 60_000;

export interface ReconcilingParts {
  readonly config: OperatorConfig;
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly objects: S3ObjectStore;
  readonly messaging: NatsMessaging;
  readonly election: LeaderElection;
  readonly profiles: TrainingProfiles;
  readonly template: DedicatedTemplate | undefined;
  readonly leads: () => boolean;
  /** Another controller has published after this one: the process must end, and comes back as its successor. */
  readonly onLost: () => void;
  readonly registry: Registry;
  readonly context: Context;
}

export interface Reconciling {
  readonly controllers: readonly Controller[];
  readonly background: readonly Background[];
}

/** Everything that acts on FaceModels, and what tells it when to look. */
export function openReconciling(parts: ReconcilingParts): Reconciling {
  const { config, client, caches, objects, messaging, election, leads, context } = parts;
  const events = new EventRecorder({ client, controller: 'facehash.dev/operator', instance: config.name, ...context });
  const fence = new Fence({ objects, leads, holdsLease: () => election.term !== undefined, ...context });
  const board = new ReplicaBoard(context.clock);
  const asked = new Asked(context);
  const { runs, queue, progress, measured } = openRuns(parts);
  const serving = openServing({ ...parts, board, events });
  const reconciler = openReconciler(parts, { events, fence, board, asked, runs, queue, serving, measured });
  const controller = new Controller({
    name: 'facemodel',
    reconcile: async (key, signal) => {
      await fence.whenTaken();
      return reconciler.reconcile(key, signal);
    },
    workers: config.workers,
    ...context,
  });
  controller.follows(caches.models);
  const look = (storageId: string | null): void => lookAt(parts, controller, storageId);
  runs.onChange((storageId) => {
    look(storageId);
    // A place may have become free.
    for (const next of queue.next()) look(next);
  });
  const background: readonly Background[] = [
    { name: 'events', run: (signal) => events.run(signal) },
    { name: 'term', run: (signal) => fence.run(signal) },
    { name: 'progress of runs', run: (signal) => followProgress(parts, { controller, progress }, signal) },
    { name: 'replica reports', run: (signal) => board.follow(messaging.replicas, look, signal) },
    {
      name: 'commands',
      run: (signal) =>
        followCommands({ commands: messaging.commands, models: caches.models, queue: controller.queue, asked, leads, ...context }, signal),
    },
    ...(serving.restarts ? [restartsOf(serving.restarts, parts, look)] : []),
    { name: 'orphans', run: (signal) => removeOrphans(parts, runs, signal) },
  ];
  return { controllers: [controller], background };
}

/** A run that tells much is looked at as often as anybody reads. */
function followProgress(
  parts: ReconcilingParts,
  { controller, progress }: { readonly controller: Controller; readonly progress: ProgressBoard },
  signal: AbortSignal,
): Promise<void> {
  return parts.messaging.followProgress((message) => {
    const afterMs = progress.take(message);
    if (afterMs === undefined) return;
    const models = parts.caches.models.byIndex(BY_STORAGE_ID, message.storageId);
    for (const { metadata } of models) controller.queue.addAfter(keyOf(metadata), afterMs);
  }, signal);
}

/** What is on its way to restarted pods is looked at whenever their Deployment changes. */
function restartsOf(
  restarts: RestartPods,
  { caches, leads, context }: ReconcilingParts,
  look: (storageId: string | null) => void,
): Background {
  const lookAtRolling = (): void => {
    for (const { storageId } of restarts.rolling()) look(storageId);
  };
  caches.inference?.subscribe(lookAtRolling);
  const sleep = (ms: number, signal: AbortSignal): Promise<void> => context.clock.sleep(ms, signal);
  return { name: 'restarts', run: (signal) => followRestarts(restarts, { leads, look: lookAtRolling, sleep }, signal) };
}

interface Desk {
  readonly events: EventRecorder;
  readonly fence: Fence;
  readonly board: ReplicaBoard;
  readonly asked: Asked;
  readonly runs: JobRuns;
  readonly queue: RunQueue;
  readonly serving: Serving;
  readonly measured: ModelMetrics;
}

function openReconciler(parts: ReconcilingParts, desk: Desk): FaceModelReconciler {
  const { config, client, caches, objects, messaging, profiles, onLost, context } = parts;
  const { events, fence, board, asked, runs, queue, serving, measured } = desk;
  const ownWrites = new OwnWrites();
  const record: EventRecorder['record'] = (note) => events.record(note);
  const finalizer = new Finalizer(client);
  const keys = new ApiKeys({ client, record, ...context });
  const onGone = (uid: string): void => [keys, ownWrites].forEach((memory) => memory.forget(uid));
  return new FaceModelReconciler({
    models: caches.models,
    ownWrites,
    statusWriter: new StatusWriter({ client, ownWrites, ...context }),
    keys,
    finalizer,
    deletion: (publishTombstone) => new Deletion({ publishTombstone, finalizer, onGone, ...forDeletion(parts, desk) }),
    workloads: serving.workloads,
    ...(serving.routeTo ? { routeTo: serving.routeTo } : {}),
    ...(serving.restartOf ? { restartOf: serving.restartOf } : {}),
    runs: runDesk({ runs, queue, pipeline: config.pipeline }),
    runner: runs,
    slotFree: (storageId) => queue.slotFree(storageId),
    profiles: () => Object.keys(profiles),
    replicas: replicasOf(caches, board, serving),
    objects,
    messaging,
    term: fence.term,
    succeeded: onLost,
    pipeline: config.pipeline,
    source: 'facehash/operator',
    asked,
    record,
    happened: (happening) => measured.happened(happening),
    outage: new Outage(context.clock, context.logger),
    ...context,
  });
}

function forDeletion(
  { config, caches, objects, messaging: { models, people }, context }: ReconcilingParts,
  { events, runs: runner, serving }: Desk,
): Omit<DeletionParts, 'publishTombstone' | 'finalizer' | 'onGone'> {
  return {
    models,
    people,
    objects,
    runner,
    workloads: serving.own,
    ownsStorage: (object) => storageTrouble(object, caches.models.byIndex(BY_STORAGE_ID, storageIdIn(object) ?? '')) === undefined,
    record: (note) => events.record(note),
    deadlineMs: config.deletionDeadlineMs,
    ...context,
  };
}

interface Runs {
  readonly runs: JobRuns;
  readonly queue: RunQueue;
  readonly progress: ProgressBoard;
  readonly measured: ModelMetrics;
}

function openRuns(parts: ReconcilingParts): Runs {
  const { config, client, caches, profiles, context } = parts;
  const queue: RunQueue = new RunQueue({ maxConcurrent: config.runsMax, load: () => runs.load(), clock: context.clock });
  const figures = { models: () => caches.models.list(), queue: () => queue.figures(), runsMax: config.runsMax };
  const measured = modelMetrics(parts.registry, figures);
  const { nodes } = caches;
  const isUnderWay: ConstructorParameters<typeof ProgressBoard>[0]['isUnderWay'] = ({ storageId, run }) =>
    runs.runs(storageId).some(({ spec, outcome }) => spec.run === run && outcome === undefined);
  const progress = new ProgressBoard({ isUnderWay, clock: context.clock });
  const runs: JobRuns = new JobRuns({
    calls: new TrainingJobs({ client, settings: jobSettings(config), clock: context.clock }),
    jobs: caches.jobs,
    pods: caches.trainers,
    profiles: () => profiles,
    modelOf: (storageId) => modelOf(caches, storageId),
    credentialsFor: (spec, signal) => credentialsFor(parts, spec, signal),
    ...(nodes ? { offersAccelerator: (resource: string, count: number) => offersAccelerator(nodes.list(), resource, count) } : {}),
    admit: (storageId) => queue.admit(storageId),
    progressOf: (spec) => progress.of(spec),
    onEnded: (run) => measured.ended(run),
    ...context,
  });
  return { runs, queue, progress, measured };
}

/** A run reads user data through native code: it may see the objects of its model, for as long as it may wait and last. */
function credentialsFor(
  { config, caches, context }: ReconcilingParts,
  { storageId, deadlineSeconds }: RunSpec,
  signal: AbortSignal,
): Promise<StoreCredentials> {
  const waits = modelOf(caches, storageId)?.spec.training.startDeadlineSeconds ?? 0;
  const durationSeconds = Math.max(ROLE_SECONDS_MIN, waits + deadlineSeconds + ROLE_SLACK_SECONDS);
  return assumeRunRole({ ...config.s3, ...context }, { storageId, durationSeconds }, signal);
}

function modelOf({ models }: Caches, storageId: string): Pick<StoredFaceModel, 'uid' | 'name' | 'namespace' | 'spec'> | undefined {
  const [found] = models.byIndex(BY_STORAGE_ID, storageId).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  if (!found?.spec) return undefined;
  const { name, namespace = '', uid = '' } = found.metadata;
  return { name, namespace, uid, spec: found.spec };
}

function lookAt({ caches }: ReconcilingParts, { queue }: Controller, storageId: string | null): void {
  const found = storageId === null ? caches.models.list() : caches.models.byIndex(BY_STORAGE_ID, storageId);
  for (const { metadata } of found) queue.add(keyOf(metadata), storageId === null ? 'resync' : 'fresh');
}

/** Who cannot have replicas of its own is served by those that are there for all. */
function replicasOf(caches: Caches, board: ReplicaBoard, { lacking }: Serving): Pick<ReplicaBoard, 'of'> {
  return { of: (storageId, whose) => board.of(storageId, lacking(storageId) ? {} : whose).filter(({ id }) => isThere(caches, id)) };
}

/** A replica whose pod is gone holds nothing up, whatever it reported last. */
function isThere({ replicas, dedicated }: Caches, uid: string): boolean {
  if (replicas === undefined) return true;
  return [replicas, dedicated?.pods].some((cache) => cache?.list().some(({ metadata }) => metadata.uid === uid));
}

async function removeOrphans({ caches, leads, context }: ReconcilingParts, runs: JobRuns, signal: AbortSignal): Promise<void> {
  for (;;) {
    await context.clock.sleep(ORPHANS_MS, signal);
    if (!leads() || !caches.models.synced) continue;
    await runs.removeOrphans(new Set(caches.models.list().map((model) => storageIdIn(model) ?? '')), signal);
  }
}
