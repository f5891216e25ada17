import { parseTrainingProfiles } from '../training-profiles.js';
import { aStoredModel } from '@facehash/facemodel/testing';
import type { StoredFaceModel } from '@facehash/facemodel';
import { seededRandom, silentLogger, systemClock, type Clock } from '@facehash/kernel';
import { KubeClient, noRuntimeMetrics, systemRuntimeClock, Watched, type KubeObject } from '@facehash/operator-runtime';
import { kubeConfigAt } from '@facehash/operator-runtime/testing';
import { untilItPasses } from '@facehash/testing';
import { JobRuns, podIndexes, type JobRunsParts } from '../job-runs.js';
import { TRAINER_CONTAINER } from '../names.js';
import { observedJob } from '../observed-job.js';
import { observedPod } from '../observed-pod.js';
import { jobs, pods, TrainingJobs, trainersIn, type TrainingJobsParts } from '../training-jobs.js';
import { someSettings } from './runs.js';

const platformNamespace = 'facehash';
export const secrets = { ...pods, plural: 'secrets', kind: 'Secret' };
const namespaces = { ...pods, plural: 'namespaces', kind: 'Namespace', namespaced: false };
const profiles = parseTrainingProfiles({
  default: { image: 'facehash/trainer:1', resources: { requests: { cpu: '1' } } },
  queued: { image: 'facehash/trainer:1', resources: {}, queueName: 'training' },
  refused: { image: 'facehash/trainer:1', resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
});

type Calls = TrainingJobsParts['client'];

/** An operator's half that runs trainers, beside a real API server with its controllers; the test plays kubelet and scheduler. */
export class Trainers implements AsyncDisposable {
  readonly client: KubeClient;
  readonly runs: JobRuns;
  readonly changed: string[] = [];
  model: StoredFaceModel | undefined;
  /** Of the operator's clock before ours. */
  aheadMs = 0;
  /** The operator's own, which may be led through a proxy. */
  readonly #operators: KubeClient;
  readonly #stop = new AbortController();
  readonly #caches: { run(signal: AbortSignal): Promise<void>; whenSynced(): Promise<void> }[];
  readonly #running: Promise<void>[] = [];

  private constructor(kubeconfig: string, model: StoredFaceModel, { calls, at, ...parts }: TrainersParts) {
    this.client = new KubeClient({ kubeConfig: kubeConfigAt(kubeconfig), fieldManager: 'facehash-operator' });
    this.#operators = new KubeClient({ kubeConfig: kubeConfigAt(kubeconfig, at), fieldManager: 'facehash-operator', deadlineMs: 2_000 });
    this.model = model;
    const common = {
      client: this.#operators,
      ...trainersIn(platformNamespace),
      clock: systemRuntimeClock,
      random: seededRandom(1),
      logger: silentLogger,
      metrics: noRuntimeMetrics,
    };
    const jobsCache = new Watched({ ...common, resource: jobs, transform: observedJob });
    const podsCache = new Watched({ ...common, resource: pods, transform: observedPod, indexes: podIndexes });
    const clock: Clock = { now: () => new Date(Date.now() + this.aheadMs), sleep: (ms, signal) => systemClock.sleep(ms, signal) };
    this.#caches = [jobsCache, podsCache];
    this.runs = new JobRuns({
      calls: new TrainingJobs({ client: calls?.(this.#operators) ?? this.#operators, settings: someSettings, clock }),
      jobs: jobsCache,
      pods: podsCache,
      profiles: () => (profiles.ok ? profiles.profiles : {}),
      modelOf: () => this.model,
      credentialsFor: () => Promise.resolve({ accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'token' }),
      clock,
      logger: silentLogger,
      ...parts,
    });
    this.runs.onChange((storageId) => void this.changed.push(storageId));
  }

  static async start(kubeconfig: string, parts: TrainersParts = {}): Promise<Trainers> {
    const trainers = new Trainers(
      kubeconfig,
      aStoredModel({ uid: parts.storageId ?? 'a-model-of-a-test', specInput: parts.specInput ?? {} }),
      parts,
    );
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await trainers.client.apply(namespaces, { metadata: { name: platformNamespace, labels } });
    for (const cache of trainers.#caches) trainers.#running.push(cache.run(trainers.#stop.signal));
    for (const cache of trainers.#caches) await cache.whenSynced();
    return trainers;
  }

  /** The only pod of the run that is not over, as soon as there is one. */
  pod(run: string): Promise<KubeObject> {
    return untilItPasses(async () => {
      const found = await this.client.list(pods, trainersIn(platformNamespace));
      const jobName = this.runs.runs().find(({ spec }) => spec.run === run)?.jobName;
      const [pod, ...more] = found.items.filter((item) => {
        const { phase } = item['status'] as { readonly phase?: string };
        return item.metadata.labels?.['batch.kubernetes.io/job-name'] === jobName && phase !== 'Failed';
      });
      if (pod === undefined || more.length > 0) throw new Error(`${found.items.length} pods of trainers, ${more.length} too many`);
      return pod;
    });
  }

  async say(pod: KubeObject, status: object): Promise<void> {
    await this.client.patch(pods, pod.metadata, { strategy: 'merge', body: { status }, subresource: 'status' });
  }

  /** As a kubelet says that the trainer ended. */
  exit(pod: KubeObject, exitCode: number, { message = '', conditions = [] }: { message?: string; conditions?: readonly object[] } = {}) {
    const at = new Date().toISOString();
    const terminated = { exitCode, message, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt: at, finishedAt: at };
    const container = { name: TRAINER_CONTAINER, image: 'x', imageID: 'x', ready: false, restartCount: 0, state: { terminated } };
    return this.say(pod, { phase: exitCode === 0 ? 'Succeeded' : 'Failed', startTime: at, containerStatuses: [container], conditions });
  }

  /** Names of the kind that are there for trainers. */
  async names(resource: typeof pods): Promise<readonly string[]> {
    const { items } = await this.client.list(resource, trainersIn(platformNamespace));
    return items.map(({ metadata }) => metadata.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const resource of [jobs, pods, secrets]) {
      for (const name of await this.names(resource)) await this.client.delete(resource, { name, namespace: platformNamespace });
    }
    await this.crash();
  }

  /** What is in the cluster stays. */
  async crash(): Promise<void> {
    await this.runs.close();
    this.#stop.abort(new Error('the test is over'));
    await Promise.all(this.#running);
    await Promise.all([this.client.close(), this.#operators.close()]);
  }
}

export type TrainersParts = Partial<Omit<JobRunsParts, 'calls' | 'jobs' | 'pods'>> & {
  readonly calls?: (client: Calls) => Calls;
  /** Where the operator finds the API server. */
  readonly at?: { readonly port: number };
  readonly storageId?: string;
  readonly specInput?: Readonly<Record<string, unknown>>;
};

/** Fails each call from the n-th on, as if the operator had been killed before it; what fails is written down nowhere. */
export function killedAtCall(n: number): (client: Calls) => Calls {
  let made = 0;
  return (client) =>
    new Proxy(client, {
      get(target, name: keyof Calls) {
        const call = target[name].bind(target) as (...args: readonly unknown[]) => Promise<unknown>;
        return (...args: readonly unknown[]) => (++made >= n ? Promise.reject(new Error('killed')) : call(...args));
      },
    });
}
