import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { helmValues } from '@facehash/images';
import type { Cluster } from '@facehash/local-cluster';
import { serverBinaries } from '@facehash/test-servers';
import { eventually } from '@facehash/testing';
import { stringify } from 'yaml';
import { Client } from './client.js';
import { IN_CLUSTER, TestCluster, type Kubectl } from './cluster.js';
import { namespaceOf } from './deployed.js';
import { checkout } from './documents.js';
import { imageOf, images } from './images.js';
import { installedImages } from './installed-images.js';

export const chart = join(checkout, 'charts/facehash');
/** What `helm install` is told to wait for. */
const INSTALL_TIMEOUT = '180s';
const HELM_TIMEOUT_MS = 240_000;

export const RELEASE = 'facehash';
/** Of the release, and so of Jobs and Dedicated replicas. */
export const PLATFORM = 'facehash';

type Values = Readonly<Record<string, unknown>>;

interface PodList {
  readonly items: readonly { readonly metadata: { readonly name: string; readonly deletionTimestamp?: string } }[];
}

export interface InstallationOptions {
  /** Merged by Helm over what every test's installation has. */
  readonly values?: Values;
  readonly gpus?: number;
  /** Images beside those of the programs and the stores. */
  readonly more?: readonly string[];
  /** What its owner makes before it is installed: the namespace and the images are there. */
  readonly prepare?: (here: Installation) => Promise<void>;
}

/** The chart in a cluster of its own, with small stores of its own, reached as clients reach it: through the ingress. */
export class Installation implements AsyncDisposable {
  /** How long `helm install --wait` took. */
  installMs = Number.NaN;

  private constructor(
    private readonly here: TestCluster,
    private readonly helmPath: string,
  ) {}

  get cluster(): Cluster {
    return this.here.cluster;
  }

  get kubectl(): Kubectl {
    return this.here.kubectl;
  }

  /** Resolves as soon as `helm install --wait` does. */
  static async start({ values = {}, gpus, more = [], prepare }: InstallationOptions = {}): Promise<Installation> {
    const here = await TestCluster.start(gpus === undefined ? {} : { gpus });
    try {
      const { helm = '' } = await serverBinaries(['helm']);
      const installation = new Installation(here, helm);
      await here.cluster.load([...installedImages, ...more].map((name) => imageOf(name).archive));
      // Whatever the chart brings must get by with this.
      await here.kubectl.apply(namespaceOf(PLATFORM));
      await prepare?.(installation);
      const files = await installation.valuesFile(values);
      const began = performance.now();
      await installation.helm('install', RELEASE, chart, '--wait', '--timeout', INSTALL_TIMEOUT, ...files);
      installation.installMs = performance.now() - began;
      return installation;
    } catch (error) {
      await here[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** In the release's namespace. What it printed; rejects with what it complained of. */
  async helm(...args: readonly string[]): Promise<string> {
    const all = ['--kubeconfig', this.cluster.kubeconfig, '--namespace', PLATFORM, ...args];
    // Its caches and plugins are nobody's here.
    const env = { PATH: process.env['PATH'], HOME: this.folder };
    const options = { timeout: HELM_TIMEOUT_MS, maxBuffer: 16 * 2 ** 20, env };
    return (await promisify(execFile)(this.helmPath, all, options)).stdout.trim();
  }

  /** Arguments that name files of values: of all installations here, and those given. */
  async valuesFile(values: Values = {}): Promise<readonly string[]> {
    const paths = [commonValues(), values].map((each, i) => ({ path: join(this.folder, `values-${i}.yaml`), each }));
    for (const { path, each } of paths) await writeFile(path, stringify(each));
    return paths.flatMap(({ path }) => ['--values', path]);
  }

  /** As whoever has the node calls containerd. */
  async onNode(...args: readonly string[]): Promise<void> {
    const { ctr = '' } = await serverBinaries(['ctr']);
    await promisify(execFile)(ctr, ['--address', join(this.here.stateDir, 'containerd.sock'), '--namespace', 'k8s.io', ...args]);
  }

  async upgrade(values: Values = {}, from = chart): Promise<string> {
    return this.helm('upgrade', RELEASE, from, '--wait', '--timeout', INSTALL_TIMEOUT, ...(await this.valuesFile(values)));
  }

  /** Until all pods of a workload (`deployment/…`) are those that are wanted, and ready. */
  async rolledOut(workload: string): Promise<void> {
    await this.kubectl.run('rollout', 'status', workload, '-n', PLATFORM, '--timeout=85s');
  }

  /** Until so many replicas are ready: with an autoscaler there is one until it has looked. */
  async answeredBy(replicas: number): Promise<void> {
    const ready = ['get', `deployment/${RELEASE}-inference`, '-n', PLATFORM, '-o', 'jsonpath={.status.readyReplicas}'];
    await eventually(
      () => this.kubectl.run(...ready),
      (count) => Number(count) >= replicas,
      IN_CLUSTER,
    );
  }

  /** Makes a FaceModel, as its owner does, and waits until its key works. */
  async faceModel(name: string, spec: object = {}, namespace = 'default'): Promise<Client> {
    await this.kubectl.apply({ apiVersion: 'facehash.dev/v1alpha1', kind: 'FaceModel', metadata: { name, namespace }, spec });
    await this.kubectl.run('wait', '-n', namespace, `fm/${name}`, '--for=jsonpath={.status.apiKey.secretName}', '--timeout=60s');
    const client = new Client(this.cluster.ingressUrl, await this.apiKey(name, namespace));
    await eventually(
      () => client.call('GET', '/v1/model'),
      ({ status }) => status === 200,
      IN_CLUSTER,
    );
    return client;
  }

  /** Names of the release's pods that run and stay, by labels: a pod that drains is at phase Running, too. */
  async pods(selector: string): Promise<readonly string[]> {
    const running = ['-l', selector, '--field-selector=status.phase=Running'];
    const { items } = JSON.parse(await this.kubectl.run('get', 'pods', '-n', PLATFORM, ...running, '-o', 'json')) as PodList;
    return items.flatMap(({ metadata }) => (metadata.deletionTimestamp === undefined ? [metadata.name] : []));
  }

  async apiKey(name: string, namespace = 'default'): Promise<string> {
    const data = await this.kubectl.run('get', 'secret', `${name}-api-key`, '-n', namespace, '-o', 'jsonpath={.data.api-key}');
    return Buffer.from(data, 'base64').toString();
  }

  /** A field of a FaceModel, by JSONPath. */
  field(name: string, path: string, namespace = 'default'): Promise<string> {
    return this.kubectl.run('get', 'fm', name, '-n', namespace, '-o', `jsonpath={${path}}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.here[Symbol.asyncDispose]();
  }

  /** Goes with the installation. */
  get folder(): string {
    return dirname(this.here.stateDir);
  }
}

/** The images that were built here, and as little of a small machine as works. */
function commonValues(): Values {
  const { images: ofPrograms, evaluation } = helmValues(images);
  const small = { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '1Gi' } };
  const trainer = { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '2Gi' } };
  return {
    images: { ...ofPrograms, pullPolicy: 'Never' },
    evaluation: {
      enabled: true,
      ...Object.fromEntries(Object.entries(evaluation ?? {}).map(([store, of]) => [store, { ...(of as object), resources: small }])),
    },
    operator: { resources: small },
    inference: { resources: { requests: { cpu: '100m', memory: '512Mi' }, limits: { cpu: '2', memory: '2Gi' } } },
    dedicated: { resources: { requests: { cpu: '100m', memory: '512Mi' }, limits: { cpu: '2', memory: '2Gi' } } },
    training: { profiles: { default: { resources: trainer }, gpu: { gpu: true, resources: trainer } } },
    ingress: { enabled: true, controller: 'traefik' },
  };
}
