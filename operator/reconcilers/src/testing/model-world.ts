import { encodeDocument, exitCodeOf, layout, type RunOutcome, type RunSpec } from '@facehash/artifacts';
import { aManifestOfVersion } from '@facehash/artifacts/testing';
import { FaceHashError, seededRandom, sha256Hex, silentLogger } from '@facehash/kernel';
import { FakeClock } from '@facehash/kernel/testing';
import type { KvBucket, Messaging, ModelState } from '@facehash/messaging-core';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { ApiError, keyOf, type Change, type EventNote, type KubeObject, type Outcome } from '@facehash/operator-runtime';
import type { ObservedReplica } from '@facehash/lifecycle';
import { Asked } from '@facehash/reconciler';
import { ApiKeys } from '../api-keys.js';
import { cachedFaceModel, storageIdIn, type CachedFaceModel } from '../cached-face-model.js';
import type { WorkloadsFacts } from '../dedicated-workloads.js';
import { FaceModelReconciler } from '../face-model-reconciler.js';
import { Finalizer } from '../finalizer.js';
import { JobRuns, type EndedRun } from '../job-runs.js';
import { TRAINER_CONTAINER } from '../names.js';
import { observedJob, type TrainingJob } from '../observed-job.js';
import { observedPod, type TrainerPod } from '../observed-pod.js';
import { Outage } from '../outage.js';
import { OwnWrites } from '../own-writes.js';
import { faceModels } from '../resources.js';
import { runDesk } from '../run-desk.js';
import { RunQueue } from '../run-queue.js';
import { StatusWriter } from '../status-writer.js';
import { secrets } from '../owned-resources.js';
import { jobs, pods, TrainingJobs } from '../training-jobs.js';
import { InMemoryCluster } from './in-memory-cluster.js';
import { aProfile, someSettings } from './runs.js';

const REF = { name: 'front-door', namespace: 'default' };
const signal = new AbortController().signal;

class Killed extends Error {}

/** One FaceModel, everything that an operator makes of it, and operators that may be killed at each call: before it is done, or after. */
export class ModelWorld {
  readonly clock = new FakeClock();
  readonly cluster = new InMemoryCluster(() => this.clock.now());
  readonly objects = new InMemoryObjectStore();
  readonly #messaging: Messaging;
  readonly replicas = new Map<string, string | null>();
  /** What the model needs beside its Jobs: nothing, unless a test says so. */
  workloads: () => Promise<WorkloadsFacts> = () => Promise.resolve({ againMs: null, trouble: null });
  readonly storageId: string;
  /** Calls until the operator dies; undefined: it lives. */
  #killIn: { calls: number; readonly done: boolean } | undefined;
  #operator: Operator | undefined;
  #term = 0;
  /** Counter of the newest snapshot. */
  newest = 0;
  /** What operators told whoever counts: of changes, and of runs. */
  readonly happened: string[] = [];
  readonly ended: EndedRun[] = [];
  /** Events on the model. */
  readonly notes: EventNote[] = [];
  /** What caches hold: of whoever leads, and of who comes after it. */
  cached: Record<'models' | 'jobs' | 'pods', readonly KubeObject[]> = { models: [], jobs: [], pods: [] };

  constructor(open: (clock: FakeClock) => Messaging) {
    this.#messaging = open(this.clock);
    const metadata = { ...REF };
    this.storageId = this.cluster.create(faceModels, { metadata, spec: {} }).metadata.uid ?? '';
    for (const id of ['a', 'b']) this.replicas.set(id, null);
  }

  get liveJobs(): number {
    return this.cluster.all(jobs).filter((job) => observedJob(job).end === undefined).length;
  }

  /** Names of what the operator made. */
  get made(): readonly string[] {
    const named = (kind: string) => (object: KubeObject) => `${kind} ${object.metadata.name}`;
    return [...this.cluster.all(jobs).map(named('Job')), ...this.cluster.all(secrets).map(named('Secret'))];
  }

  async active(): Promise<{ readonly version: string; readonly snapshot: number } | undefined> {
    const object = await this.objects.read(layout.active(this.storageId));
    return object && (JSON.parse(new TextDecoder().decode(object.bytes)) as { version: string; snapshot: number });
  }

  /** What commands bring to the operator that is there. */
  get asked(): Asked {
    this.#operator ??= new Operator(this, ++this.#term);
    return this.#operator.asked;
  }

  get status(): CachedFaceModel['status'] {
    return cachedFaceModel(this.#model()).status;
  }

  async published(): Promise<ModelState | undefined> {
    return (await this.#messaging.models.get(this.storageId))?.value;
  }

  async enrol(): Promise<number> {
    const counter = ++this.newest;
    const key = layout.latestSamples(this.storageId);
    const before = await this.objects.read(key);
    const latest = { v: 1, counter, digest: sha256Hex(`photos at ${counter}`), people: 1, photos: 3 } as const;
    await this.objects.replace(key, encodeDocument(latest), before?.revision ?? null);
    return counter;
  }

  /** One look of the operator, by a cache that is behind where `stale` says so. It may be killed: then another one comes. */
  async pass(kill?: { readonly after: number; readonly done: boolean }, stale = false): Promise<Outcome | undefined> {
    this.#killIn = kill && { calls: kill.after, done: kill.done };
    if (!stale) this.cached = { models: this.cluster.all(faceModels), jobs: this.cluster.all(jobs), pods: this.cluster.all(pods) };
    this.#operator ??= new Operator(this, ++this.#term);
    this.#operator.see();
    try {
      return await this.#operator.reconciler.reconcile(keyOf(REF), signal);
    } catch (error) {
      this.#failed(error);
      return undefined;
    } finally {
      this.#killIn = undefined;
    }
  }

  /** What is thrown to the queue, which comes again. What its last call threw, a process that is killed may have wrapped. */
  #failed(error: unknown): void {
    if (error instanceof Killed || this.#killIn?.calls === 0) this.#operator = undefined;
    else if (!(error instanceof ApiError || error instanceof FaceHashError)) throw error;
  }

  /** What kubelet and trainer do: each Job that was let go comes to this end. */
  async endRuns(how: 'trained' | 'crashed'): Promise<void> {
    for (const job of this.cluster.all(jobs)) {
      const { spec, suspended, end } = observedJob(job);
      if (suspended || end !== undefined || spec === null) continue;
      const crashed: RunOutcome = { outcome: 'failed', code: 'TRAINING_FAILED', message: 'crash', retryable: true };
      const outcome: RunOutcome = how === 'crashed' ? crashed : { outcome: 'trained', version: spec.version };
      if (how === 'trained') await this.#publish(spec);
      this.#end(job, outcome);
    }
  }

  async takeOver(id: string): Promise<void> {
    const state = (await this.#messaging.models.get(this.storageId))?.value;
    if (!state) return;
    const { target, targetReplicas, active } = state;
    const named = target !== null && (targetReplicas === null || targetReplicas.includes(id));
    this.replicas.set(id, (named ? target : active)?.name ?? null);
  }

  /** Each call of the operator goes through here. */
  readonly through = async <T>(work: () => T | Promise<T>): Promise<T> => {
    const kill = this.#killIn;
    if (kill?.calls === 0) throw new Killed();
    if (kill) kill.calls--;
    if (kill?.calls === 0 && !kill.done) throw new Killed();
    const done = await work();
    if (kill?.calls === 0) throw new Killed();
    return done;
  };

  /** The next call but so many of the messaging fails once, before it is done or after; undefined: none does. */
  failsIn: { calls: number; readonly done: boolean } | undefined;
  /** What was announced, each once. */
  readonly announced = new Map<string, string>();

  readonly #told = async <T>(work: () => T | Promise<T>): Promise<T> => {
    const fails = this.failsIn;
    const now = fails !== undefined && fails.calls-- === 0;
    if (now && !fails.done) throw new FaceHashError('STORE_UNAVAILABLE');
    const done = await this.through(work);
    if (now) throw new FaceHashError('STORE_UNAVAILABLE');
    return done;
  };

  messaging(): Pick<Messaging, 'models' | 'people' | 'events'> {
    const { models, people, events } = this.#messaging;
    return {
      models: this.#bucket(models),
      people: this.#bucket(people),
      events: {
        ...events,
        publish: (event) =>
          this.#told(async () => {
            await events.publish(event);
            this.announced.set(event.id, event.type);
          }),
      },
    };
  }

  store(): InMemoryObjectStore {
    const { objects } = this;
    return Object.assign(Object.create(objects) as InMemoryObjectStore, {
      create: (key: string, bytes: Uint8Array) => this.through(() => objects.create(key, bytes)),
      read: (key: string) => this.through(() => objects.read(key)),
      replace: (key: string, bytes: Uint8Array, expected: string | null) => this.through(() => objects.replace(key, bytes, expected)),
      remove: (key: string) => this.through(() => objects.remove(key)),
      list: (prefix: string) => objects.list(prefix),
    });
  }

  observedReplicas(): readonly ObservedReplica[] {
    return [...this.replicas].map(([id, answering]) => ({ id, ready: true, answering, verifiedCold: null, failed: null }));
  }

  #model(): KubeObject {
    const found = this.cluster.find(faceModels, REF);
    if (!found) throw new Error('the model is gone');
    return found;
  }

  #bucket<T>(bucket: KvBucket<T>): KvBucket<T> {
    return {
      get: (key) => this.#told(() => bucket.get(key)),
      put: (key, value, expected) => this.#told(() => bucket.put(key, value, expected)),
      delete: (key) => this.#told(() => bucket.delete(key)),
      watch: (until) => bucket.watch(until),
    };
  }

  async #publish({ storageId, version, run, snapshot }: RunSpec): Promise<void> {
    const samples = { digest: sha256Hex(`photos at ${snapshot}`), counter: snapshot, people: 1, photos: 3 };
    const manifest = aManifestOfVersion({ version, storageId, run, samples, people: ['per_ann'] });
    await this.objects.create(layout.manifest(storageId, version), encodeDocument(manifest));
  }

  #end(job: KubeObject, outcome: RunOutcome): void {
    const exitCode = exitCodeOf(outcome);
    const { name, namespace = '', uid = '', labels = {} } = job.metadata;
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true };
    this.cluster.create(pods, { metadata: { name: `${name}-x`, namespace, labels, ownerReferences: [owner] } });
    const terminated = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', message: JSON.stringify(outcome) };
    const status = {
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: [{ name: TRAINER_CONTAINER, state: { terminated } }],
    };
    this.cluster.change(pods, { name: `${name}-x`, namespace }, { status }, 'status');
    const conditions = [{ type: exitCode === 0 ? 'Complete' : 'Failed', status: 'True' }];
    this.cluster.change(jobs, { name, namespace }, { status: { conditions } }, 'status');
  }
}

/** One process: what it remembers goes with it. */
class Operator {
  readonly reconciler: FaceModelReconciler;
  readonly asked: Asked;
  #model: CachedFaceModel | undefined;
  #jobs = new Map<string, TrainingJob>();
  #pods: readonly TrainerPod[] = [];
  readonly #listeners: ((change: Change<TrainingJob>) => void)[] = [];

  constructor(
    private readonly world: ModelWorld,
    term: number,
  ) {
    const { clock, through } = world;
    const context = { clock, random: seededRandom(term), logger: silentLogger };
    const client = world.cluster.client(through);
    const ownWrites = new OwnWrites();
    const queue: RunQueue = new RunQueue({ maxConcurrent: 1, load: () => runs.load(), clock });
    const runs: JobRuns = this.#runs(new TrainingJobs({ client, settings: someSettings, clock }), queue);
    this.asked = new Asked(context);
    const of = (): readonly CachedFaceModel[] => (this.#model ? [this.#model] : []);
    this.reconciler = new FaceModelReconciler({
      models: { get: () => this.#model, byIndex: of },
      ownWrites,
      statusWriter: new StatusWriter({ client, ownWrites, clock }),
      keys: new ApiKeys({ client, ...context }),
      finalizer: new Finalizer(client),
      deletion: () => ({ proceed: () => Promise.reject(new Error('it is not deleted')) }),
      workloads: { ensure: () => world.workloads() },
      runs: runDesk({ runs, queue, pipeline: 'p1' }),
      runner: runs,
      slotFree: (storageId) => queue.slotFree(storageId),
      profiles: () => ['default'],
      replicas: { of: () => world.observedReplicas() },
      objects: world.store(),
      messaging: world.messaging(),
      term: () => term,
      succeeded: () => undefined,
      pipeline: 'p1',
      source: 'facehash/operator',
      asked: this.asked,
      record: (note) => void world.notes.push(note),
      happened: ({ type }) => void world.happened.push(type),
      outage: new Outage(clock, silentLogger),
      ...context,
    });
  }

  /** What its caches have been told. */
  see(): void {
    const { cached } = this.world;
    const [model] = cached.models;
    this.#model = model && cachedFaceModel(model);
    const before = this.#jobs;
    this.#jobs = new Map(cached.jobs.map((job) => [keyOf(job.metadata), observedJob(job)]));
    this.#pods = cached.pods.map(observedPod);
    for (const [key, object] of this.#jobs) {
      const isNew = before.get(key)?.metadata.resourceVersion !== object.metadata.resourceVersion;
      if (isNew) this.#tell({ kind: 'changed', key, object, fresh: true });
    }
    for (const [key, object] of before) if (!this.#jobs.has(key)) this.#tell({ kind: 'deleted', key, object, fresh: true });
  }

  #tell(change: Change<TrainingJob>): void {
    for (const listener of this.#listeners) listener(change);
  }

  #runs(calls: TrainingJobs, queue: RunQueue): JobRuns {
    return new JobRuns({
      calls,
      jobs: {
        list: () => [...this.#jobs.values()],
        get: (key) => this.#jobs.get(key),
        subscribe: (listener) => void this.#listeners.push(listener),
      },
      pods: { byIndex: (_index, uid) => this.#pods.filter(({ jobUid }) => jobUid === uid), subscribe: () => undefined },
      profiles: () => ({ default: aProfile() }),
      modelOf: (storageId) => this.#modelOf(storageId),
      credentialsFor: () => this.world.through(() => ({ accessKeyId: 'id', secretAccessKey: 'secret' })),
      admit: (storageId) => queue.admit(storageId),
      onEnded: (run) => void this.world.ended.push(run),
      clock: this.world.clock,
      logger: silentLogger,
    });
  }

  #modelOf(storageId: string): ReturnType<ConstructorParameters<typeof JobRuns>[0]['modelOf']> {
    if (!this.#model?.spec || storageIdIn(this.#model) !== storageId) return undefined;
    const { name, namespace = '', uid = '' } = this.#model.metadata;
    return { name, namespace, uid, spec: this.#model.spec };
  }
}
