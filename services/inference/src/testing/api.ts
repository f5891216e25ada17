import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createEnrolment, openEraser, openSnapshotCutter, type Enrolment } from '@facehash/enrolment';
import { apiKeyHash, newApiKey } from '@facehash/facemodel';
import { Closer, noTracer, seededRandom, systemClock, systemRandom, type Clock, type Tracer } from '@facehash/kernel';
import { RecordingLogger } from '@facehash/kernel/testing';
import type { Messaging, ModelState } from '@facehash/messaging-core';
import { aModelState } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { createMetrics, type Metrics } from '@facehash/observability';
import { openModelDirectory, openPeopleNames, openVersionHistory, type PeopleNames, type WatchedDirectory } from '@facehash/recognition';
import { InMemoryRegistry } from '@facehash/registry-core/testing';
import { builtIn } from '@facehash/vision-core';
import { FakeFaceAnalyser } from '@facehash/vision-core/testing';
import { Readiness } from '../health/readiness.js';
import { createHttpApp } from '../http/app.js';
import type { HttpLimits, HttpPorts } from '../http/ports.js';
import { FakeRecogniser } from './fake-recogniser.js';
import { FakeVerifier } from './fake-verifier.js';

export const storageId = 'fm-0001-test';
export const apiKey = newApiKey(seededRandom(1));
/** Whole and valid, but of no model. */
export const unknownKey = newApiKey(seededRandom(2));

const limits: HttpLimits = {
  imageBytesMax: 256 * 1024,
  trainBytesMax: 4 * 1024 ** 2,
  bodiesBytesMax: 8 * 1024 ** 2,
  photosInFlight: 2,
  requestsMax: 100,
  requestTimeoutMs: 5000,
  uploadTimeoutMs: 10_000,
  trainWaitMs: 5000,
  shutdownGraceMs: 5000,
  eventStreamsMax: 3,
  eventStreamsPerModelMax: 2,
};

export interface TestApi extends AsyncDisposable {
  readonly app: NestFastifyApplication;
  readonly ports: HttpPorts;
  readonly recogniser: FakeRecogniser;
  readonly verifier: FakeVerifier;
  readonly analyser: FakeFaceAnalyser;
  readonly registry: InMemoryRegistry;
  readonly objects: InMemoryObjectStore;
  readonly messaging: Messaging;
  readonly enrolment: Enrolment;
  readonly directory: WatchedDirectory;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly logger: RecordingLogger;
  /** Publishes a state of the model, as its controller would. */
  publish(state?: Partial<ModelState>): Promise<void>;
}

export interface TestApiOptions {
  readonly limits?: Partial<HttpLimits>;
  /** False: the directory has seen nothing yet. */
  readonly synced?: boolean;
  readonly tracer?: Tracer;
  readonly clock?: Clock;
  /** It is there for the model alone, and calls are handed on to it. */
  readonly dedicated?: boolean;
  /** Another replica, whose stores and messaging this one works over, too. */
  readonly beside?: Pick<TestApi, 'messaging' | 'registry' | 'objects'>;
}

/** The API over the real enrolment with stores in memory; vision and recognition answer what a test says. */
export async function testApi(options: TestApiOptions = {}): Promise<TestApi> {
  const closer = new Closer();
  const logger = new RecordingLogger();
  const context = { clock: systemClock, random: systemRandom, logger, tracer: options.tracer ?? noTracer };
  const { messaging, registry, objects } = options.beside ?? storesOfItsOwn(closer, context);
  const names = openPeopleNames(messaging.people, context);
  closer.defer('names', () => names.close());
  const directory = openModelDirectory(messaging.models, context);
  closer.defer('directory', () => directory.close());
  const { analyser, enrolment, eraser } = enrolmentOver({ messaging, registry, objects, names }, { closer, context });
  const recogniser = new FakeRecogniser();
  const verifier = new FakeVerifier();
  const synced = options.synced ?? true;
  const readiness = new Readiness({ directorySynced: () => directory.synced, visionReady: () => true });
  const metrics = createMetrics();
  closer.defer('metrics', () => metrics.close());
  const shown: WatchedDirectory = synced ? directory : Object.create(directory, { synced: { value: false } });
  const counts = (id: string, signal: AbortSignal) => registry.counts(id, signal);
  const ports: HttpPorts = {
    directory: shown,
    names,
    recogniser,
    verifier,
    analyser,
    enrolment,
    eraser,
    history: openVersionHistory(objects),
    commands: messaging.commands,
    events: messaging.events,
    counts,
    readiness,
    metrics,
    limits: { ...limits, ...options.limits },
    dedicated: options.dedicated ?? false,
    ...context,
    clock: options.clock ?? systemClock,
  };
  const app = await createHttpApp(ports);
  closer.defer('app', () => app.close());
  const api = {
    ...{ app, ports, recogniser, verifier, analyser, registry, objects, messaging, enrolment, directory, readiness, metrics, logger },
    publish: (state: Partial<ModelState> = {}) => publish(messaging, directory, state),
    [Symbol.asyncDispose]: () => closer.close(),
  };
  await api.publish();
  return api;
}

function storesOfItsOwn(closer: Closer, context: Parameters<typeof openLocalMessaging>[0]) {
  const messaging = openLocalMessaging(context);
  closer.defer('messaging', () => messaging.close());
  return { messaging, registry: new InMemoryRegistry(), objects: new InMemoryObjectStore() };
}

function enrolmentOver(
  { messaging, registry, objects, names }: Pick<TestApi, 'messaging' | 'registry' | 'objects'> & { readonly names: PeopleNames },
  { closer, context }: { readonly closer: Closer; readonly context: Parameters<typeof openModelDirectory>[1] },
) {
  const analyser = new FakeFaceAnalyser();
  const rules = () => ({ debounceSeconds: 60, photosPerPerson: { min: 1 }, active: null });
  const cutter = openSnapshotCutter({ registry, objects, commands: messaging.commands, people: messaging.people, rules, ...context });
  closer.defer('cutter', () => cutter.close());
  const enrolment = createEnrolment({
    registry,
    objects,
    analyser,
    pipeline: builtIn,
    people: messaging.people,
    cutter,
    photosInFlight: limits.photosInFlight,
    ...context,
  });
  const eraser = openEraser({ registry, objects, messaging, cutter, pipelines: [builtIn.id], mask: names.mask.bind(names), ...context });
  closer.defer('eraser', () => eraser.close());
  return { analyser, enrolment, eraser };
}

async function publish(messaging: Messaging, directory: WatchedDirectory, state: Partial<ModelState>): Promise<void> {
  const before = await messaging.models.get(storageId);
  const sequence = (before?.value.fence.sequence ?? 0) + 1;
  const value = aModelState({ storageId, apiKeyHashes: [apiKeyHash(apiKey)], ...before?.value, ...state, fence: { term: 1, sequence } });
  await messaging.models.put(storageId, value, before?.revision ?? null);
  await directory.until(storageId, (s) => s.fence.sequence >= sequence, AbortSignal.timeout(5000));
}
