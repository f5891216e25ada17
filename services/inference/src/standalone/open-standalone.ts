import { join } from 'node:path';
import { builtInConstants } from '@facehash/classifier-core';
import { openTfjsBackend } from '@facehash/classifier-tfjs';
import {
  createEnrolment,
  modelEraser,
  openEraser,
  openSnapshotCutter,
  PeopleProjector,
  type Enrolment,
  type Eraser,
  type OnCheckpoint,
} from '@facehash/enrolment';
import { deadline, systemClock, systemRandom, type Clock, type Closer, type Logger, type Random, type Tracer } from '@facehash/kernel';
import { KeyFiles } from '@facehash/key-files';
import { openLocalController } from '@facehash/local-controller';
import type { Messaging } from '@facehash/messaging-core';
import { openLocalMessaging } from '@facehash/messaging-local';
import { createMetrics, type Metrics } from '@facehash/observability';
import {
  createRecogniser,
  createVerifier,
  openModelDirectory,
  openModelHolder,
  openPeopleNames,
  openVersionHistory,
  type Recogniser,
  type Verifier,
  type WatchedDirectory,
} from '@facehash/recognition';
import type { FaceAnalyser, Pipeline } from '@facehash/vision-core';
import { servedPipelines } from '@facehash/vision-pipelines';
import type { VisionWorkers } from '@facehash/vision-workers';
import type { InferenceConfig } from '../config.js';
import { Readiness } from '../health/readiness.js';
import type { HttpPorts } from '../http/ports.js';
import { openChildProcessRunner } from './child-process-runner.js';
import { crashPoint } from './crash-points.js';
import { ensureDefaultModel } from './default-model.js';
import { patientAnalyser } from './patient-analyser.js';
import { openStores, type EmbeddedStores } from './stores.js';
import { openTracing, withStage } from './tracing.js';
import { openVision, photosInFlightOf } from './vision.js';
import { jobObserver } from './vision-jobs.js';

/** N is 1. */
const REPLICA = 'standalone';
/** A stream costs a connection and a few kilobytes. */
const EVENT_STREAMS_MAX = 500;
const EVENT_STREAMS_PER_MODEL_MAX = 20;
/** What is published here is forgotten with the process, and so are its terms. */
const ONLY_TERM = 1;
const SYNC_TIMEOUT_MS = 60_000;
const SYNC_RETRY_MS = 1000;
/** What a call that was cut off at its time limit, or a pass of the controller, may need to come to its end. */
const LAST_SWEEP_SLACK_MS = 60_000;

/** The whole product on one machine, but for what listens. */
export interface Standalone {
  readonly ports: HttpPorts;
  readonly analyser: FaceAnalyser;
  /** The one that versions are trained with. */
  readonly pipeline: Pipeline;
}

interface Parts {
  readonly config: InferenceConfig;
  readonly closer: Closer;
  readonly context: { readonly clock: Clock; readonly random: Random; readonly logger: Logger; readonly tracer: Tracer };
  readonly stores: EmbeddedStores;
  readonly messaging: Messaging;
  readonly vision: VisionWorkers;
  /** The one that versions are trained with, and the others that can answer. */
  readonly pipelines: readonly [current: Pipeline, ...others: Pipeline[]];
}

/** Opens everything in the order in which one needs the other; the closer closes in the reverse one, also after a start that failed. */
export async function openStandalone(config: InferenceConfig, logger: Logger, closer: Closer): Promise<Standalone> {
  const metrics = createMetrics();
  closer.defer('metrics', () => metrics.close());
  const tracer = await openTracing(config, logger, closer);
  const context = { clock: systemClock, random: systemRandom, logger, tracer };
  const checkpoint = crashPoint(config.crashAt);
  const stores = await openStores(config.dataDir, closer);
  await ensureDefaultModel({
    models: stores.models,
    keys: new KeyFiles(config.dataDir),
    bootstrapApiKey: config.bootstrapApiKey,
    ...context,
  });
  const messaging = openLocalMessaging(context);
  closer.defer('messaging', () => messaging.close());
  const vision = await openVision(config, { ...context, onJob: jobObserver(metrics, tracer) }, closer);
  metrics.watchVisionPool(() => vision.figures());
  const pipelines = servedPipelines(config.descriptor, config.previousDescriptor);
  logger.info('faces are described by', { pipelines: pipelines.map(({ id }) => id) });
  const parts = { config, closer, context, stores, messaging, vision, pipelines };

  const { directory, recogniser, verifier } = await openRecognition(parts, withStage(tracer, 'decide', metrics));
  const { enrolment, eraser } = openEnrolment(parts, directory, checkpoint);
  await openController(parts);
  await directory.untilSynced();
  await restoreNames(parts, directory);
  const readiness = new Readiness({ directorySynced: () => directory.synced, visionReady: () => vision.ready });
  return {
    ports: { ...httpPorts(parts, metrics), directory, recogniser, verifier, enrolment, eraser, readiness },
    analyser: vision,
    pipeline: pipelines[0],
  };
}

async function openRecognition(
  { config, closer, context, stores, messaging, vision, pipelines }: Parts,
  tracer: Tracer,
): Promise<{ readonly directory: WatchedDirectory; readonly recogniser: Recogniser; readonly verifier: Verifier }> {
  const directory = openModelDirectory(messaging.models, context);
  closer.defer('model directory', () => directory.close());
  const names = openPeopleNames(messaging.people, context);
  closer.defer('people names', () => names.close());
  const holder = openModelHolder({
    replica: REPLICA,
    directory,
    names,
    replicas: messaging.replicas,
    objects: stores.objects,
    backend: await openTfjsBackend('wasm'),
    pipelines,
    cacheBytesMax: config.modelCacheBytesMax,
    ...context,
  });
  closer.defer('model holder', () => holder.close());
  const recognition = { analyser: vision, holder, names, tracer };
  const pairs = { pipeline: pipelines[0].id, constants: config.descriptor?.constants ?? builtInConstants };
  return { directory, recogniser: createRecogniser(recognition), verifier: createVerifier({ ...recognition, pairs }) };
}

function openEnrolment(
  { config, closer, context, stores, messaging, vision, pipelines }: Parts,
  directory: WatchedDirectory,
  checkpoint: OnCheckpoint | undefined,
): { readonly enrolment: Enrolment; readonly eraser: Eraser } {
  const { registry, objects } = stores;
  const hook = checkpoint ? { checkpoint } : {};
  const cutter = openSnapshotCutter({
    registry,
    objects,
    commands: messaging.commands,
    rules: (storageId) => directory.byStorageId(storageId),
    ...context,
    ...hook,
  });
  closer.defer('snapshot cutter', () => cutter.close());
  const photosInFlight = photosInFlightOf(config);
  const eraser = openEraser({ registry, objects, messaging, cutter, pipelines: pipelines.map(({ id }) => id), ...context });
  closer.defer('eraser', () => eraser.close());
  const enrolment = createEnrolment({
    registry,
    objects,
    analyser: patientAnalyser(vision.forEnrolment, { ...context, atOnce: photosInFlight }),
    pipeline: pipelines[0],
    people: messaging.people,
    cutter,
    photosInFlight,
    ...context,
    ...hook,
  });
  return { enrolment, eraser };
}

async function openController({ config, closer, context, stores, messaging, pipelines }: Parts): Promise<void> {
  const { models, registry, objects, objectsDir } = stores;
  const runner = await openChildProcessRunner({
    trainer: config.trainer,
    environment: trainerEnvironment(config, objectsDir),
    messagesDir: join(config.dataDir, 'runs'),
    ...context,
  });
  closer.defer('training runs', () => runner.close());
  const controller = await openLocalController({
    models,
    objects,
    messaging,
    runner,
    term: ONLY_TERM,
    pipeline: pipelines[0].id,
    runsMax: config.trainingRunsMax,
    changeToken: () => models.changeToken(),
    erase: modelEraser({ registry, objects, people: messaging.people }),
    lastSweepAfterMs: Math.max(config.uploadTimeoutMs, config.requestTimeoutMs) + LAST_SWEEP_SLACK_MS,
    ...context,
  });
  closer.defer('controller', () => controller.close());
}

/** Half of the vision processes: the other half of the machine goes on answering. */
function trainerEnvironment(config: InferenceConfig, objectsDir: string): Readonly<Record<string, string>> {
  return {
    ...config.childEnvironment,
    FACEHASH_OBJECTS_DIR: objectsDir,
    FACEHASH_NETWORKS_DIR: config.networksDir,
    ...(config.descriptor ? { FACEHASH_DESCRIPTOR: config.descriptor.path } : {}),
    FACEHASH_VISION_WORKER: config.visionWorker,
    FACEHASH_VISION_PROCESSES: String(Math.max(1, Math.floor(config.vision.processes / 2))),
    LOG_LEVEL: config.log.level,
    LOG_FORMAT: config.log.format,
  };
}

/** Messaging on one machine forgets with its process; the registry knows the names. */
async function restoreNames({ stores, messaging, context, closer }: Parts, directory: WatchedDirectory): Promise<void> {
  const projector = new PeopleProjector(messaging.people, stores.registry, context);
  const signal = deadline(SYNC_TIMEOUT_MS);
  for (const { storageId } of directory.all()) await projector.sync(storageId, signal);
  followNames(projector, directory, { context, closer });
}

/** A model that the command line brings in while the server runs comes with people. */
function followNames(
  projector: PeopleProjector,
  directory: WatchedDirectory,
  { context, closer }: Pick<Parts, 'context' | 'closer'>,
): void {
  const { clock, logger } = context;
  const stop = new AbortController();
  const sync = async (storageId: string): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        return await projector.sync(storageId, deadline(SYNC_TIMEOUT_MS, stop.signal));
      } catch (error) {
        logger.warn('the names of a new model could not be read and will be again', { storageId, error });
        await clock.sleep(SYNC_RETRY_MS, stop.signal).catch(() => undefined);
      }
    }
  };
  const synced = new Map(directory.all().map(({ storageId }) => [storageId, Promise.resolve()]));
  directory.onChange(({ storageId, tombstone }) => {
    if (tombstone) synced.delete(storageId);
    else if (!synced.has(storageId)) synced.set(storageId, sync(storageId));
  });
  closer.defer('names of new models', async () => {
    stop.abort();
    await Promise.all(synced.values());
  });
}

function httpPorts(
  { config, context, stores, messaging, vision }: Parts,
  metrics: Metrics,
): Omit<HttpPorts, 'directory' | 'recogniser' | 'verifier' | 'enrolment' | 'eraser' | 'readiness'> {
  const { bodies, requestsMax, requestTimeoutMs, uploadTimeoutMs, trainWaitMs } = config;
  return {
    ...context,
    metrics,
    analyser: vision,
    history: openVersionHistory(stores.objects),
    commands: messaging.commands,
    events: messaging.events,
    counts: (storageId, signal) => stores.registry.counts(storageId, signal),
    limits: {
      imageBytesMax: bodies.bytesMax,
      trainBytesMax: bodies.trainBytesMax,
      bodiesBytesMax: bodies.totalBytesMax,
      photosInFlight: photosInFlightOf(config),
      requestsMax,
      requestTimeoutMs,
      uploadTimeoutMs,
      trainWaitMs,
      eventStreamsMax: EVENT_STREAMS_MAX,
      eventStreamsPerModelMax: EVENT_STREAMS_PER_MODEL_MAX,
    },
  };
}
