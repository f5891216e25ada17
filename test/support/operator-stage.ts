import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Closer, systemRandom } from '@facehash/kernel';
import { KubeClient } from '@facehash/operator-runtime';
import { serverBinaries, startApiServer, type ApiServer } from '@facehash/test-servers';
import { freePort, tcpProxy, temporaryFolder, type TcpProxy } from '@facehash/testing';
import { KubeConfig } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import { checkout } from './documents.js';
import { faceModelsServed } from './face-models-served.js';
import { FakeKubelet, type KubeletOptions } from './fake-kubelet.js';
import { Program } from './program.js';
import { Replicas } from './replicas.js';

const run = promisify(execFile);
const KUBECTL_TIMEOUT_MS = 60_000;
const crd = join(checkout, 'charts/facehash/files/crd-facemodels.yaml');
/** Where Jobs run. */
export const PLATFORM = 'facehash';

export interface StageOptions {
  readonly replicas?: number;
  /** In addition, of the operator. */
  readonly operatorEnv?: Readonly<Record<string, string>>;
  readonly instead?: KubeletOptions['instead'];
  readonly train?: KubeletOptions['train'];
  /** Trainers are given NATS, with credentials in a Secret of this name. */
  readonly trainerNats?: string;
  /** Left out: 1. */
  readonly operators?: number;
  /** The API server writes down who calls what. */
  readonly audit?: boolean;
  /** False: the API server remembers no changes by itself. */
  readonly watchCache?: false;
}

/** A TCP proxy, or an HTTP server. */
interface Between {
  readonly port: number;
  readonly protocol?: 'http' | 'https';
}

interface StartOptions {
  readonly through?: Between;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Everything but nodes: a real API server with Kubernetes' own controllers, the stores, replicas of inference, the operator behind a network
 * that can be broken, and a kubelet that runs the trainers on this machine.
 */
export class OperatorStage implements AsyncDisposable {
  readonly operators: Program[] = [];
  readonly #managementPorts = new Map<Program, number>();
  readonly #closer = new Closer();

  private constructor(
    readonly api: ApiServer,
    readonly stores: Replicas,
    readonly client: KubeClient,
    private readonly kubectlPath: string,
    private readonly folder: string,
    private readonly options: StageOptions,
  ) {}

  static async start(options: StageOptions = {}): Promise<OperatorStage> {
    const closer = new Closer();
    try {
      const folder = await temporaryFolder();
      closer.defer('folder', async () => {
        await folder[Symbol.asyncDispose]();
      });
      const { kubectl = '' } = await serverBinaries(['kubectl']);
      const { audit = false, watchCache } = options;
      const api = await startApiServer({ controllerManager: true, audit, ...(watchCache === undefined ? {} : { watchCache }) });
      closer.defer('API server', () => api.stop());
      const stores = await Replicas.start({ replicas: options.replicas ?? 2, lifecycle: false });
      closer.defer('stores', async () => {
        await stores[Symbol.asyncDispose]();
      });
      const client = new KubeClient({ kubeConfig: kubeConfigOf(api.kubeconfig), fieldManager: 'test' });
      closer.defer('client', () => client.close());
      const stage = new OperatorStage(api, stores, client, kubectl, folder.path, options);
      stage.#closer.defer('stage', () => closer.close());
      await stage.#setUp();
      return stage;
    } catch (error) {
      await closer.close();
      throw error;
    }
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    const all = ['--kubeconfig', this.api.kubeconfig, ...args];
    return (await run(this.kubectlPath, all, { timeout: KUBECTL_TIMEOUT_MS, maxBuffer: 16 * 2 ** 20 })).stdout;
  }

  /** As an owner does. */
  async apply(...objects: readonly object[]): Promise<void> {
    const file = join(this.folder, `${Buffer.from(systemRandom.bytes(6)).toString('hex')}.yaml`);
    await writeFile(file, objects.map((object) => stringify(object)).join('---\n'));
    await this.kubectl('apply', '-f', file);
  }

  /** The key that the operator made. */
  async apiKey(name: string, namespace = 'default'): Promise<string> {
    const data = await this.kubectl('get', 'secret', `${name}-api-key`, '-n', namespace, '-o', 'jsonpath={.data.api-key}');
    return Buffer.from(data, 'base64').toString();
  }

  /** `through`: what stands before the API server. */
  async startOperator({ through, env = {} }: StartOptions = {}): Promise<Program> {
    const management = await freePort();
    const stores = await this.stores.environment();
    const { trainerNats } = this.options;
    const program = await Program.start({
      program: 'operator',
      healthUrl: `http://127.0.0.1:${management}`,
      env: {
        ...stores,
        ...(trainerNats === undefined
          ? {}
          : { FACEHASH_TRAINER_NATS_SERVERS: stores['FACEHASH_NATS_SERVERS'] ?? '', FACEHASH_TRAINER_NATS_SECRET: trainerNats }),
        KUBECONFIG: through ? await this.#kubeconfigThrough(through) : this.api.kubeconfig,
        FACEHASH_PLATFORM_NAMESPACE: PLATFORM,
        FACEHASH_OPERATOR_NAME: `operator-${this.operators.length}`,
        FACEHASH_TRAINING_PROFILES_FILE: join(this.folder, 'profiles.yaml'),
        MANAGEMENT_PORT: String(management),
        HOST: '127.0.0.1',
        ...this.options.operatorEnv,
        ...env,
      },
    });
    this.operators.push(program);
    this.#managementPorts.set(program, management);
    return program;
  }

  /** As a service account in the platform's namespace that may do what the roles among the objects say, and nothing else. */
  async startOperatorAs(
    account: string,
    { objects, env }: { readonly objects: readonly object[]; readonly env: Readonly<Record<string, string>> },
  ): Promise<Program> {
    await this.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace: PLATFORM } }, ...objects);
    const token = (await this.kubectl('create', 'token', account, '-n', PLATFORM, '--duration=1h')).trim();
    const config = kubeConfigOf(this.api.kubeconfig);
    const [user] = config.users;
    const path = join(this.folder, `kubeconfig-${account}`);
    const users = [{ name: user?.name ?? '', token }];
    config.loadFromOptions({ clusters: config.clusters, users, contexts: config.contexts, currentContext: config.currentContext });
    await writeFile(path, config.exportConfig(), { mode: 0o600 });
    return this.startOperator({ env: { ...env, KUBECONFIG: path } });
  }

  /** The operator that holds the lease, as the API server has it; undefined where none does that still runs. */
  async leader(): Promise<Program | undefined> {
    const holder = await this.kubectl('get', 'lease', 'facehash-operator', '-n', PLATFORM, '-o', 'jsonpath={.spec.holderIdentity}');
    const index = /^operator-(\d+)_/.exec(holder)?.[1];
    const program = index === undefined ? undefined : this.operators[Number(index)];
    return program?.ended === false ? program : undefined;
  }

  /** What an operator tells Prometheus. */
  async metricsOf(operator: Program): Promise<string> {
    const port = this.#managementPorts.get(operator) ?? 0;
    return (await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(10_000) })).text();
  }

  proxy(): Promise<TcpProxy> {
    return tcpProxy({ port: Number(new URL(this.api.url).port) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.operators.map((operator) => operator.kill()));
    await this.#closer.close();
  }

  async #setUp(): Promise<void> {
    await writeFile(
      join(this.folder, 'profiles.yaml'),
      stringify({
        default: { image: 'facehash/trainer:test', resources: { requests: { cpu: '1', memory: '512Mi' }, limits: { memory: '1Gi' } } },
      }),
    );
    await this.kubectl('apply', '--server-side', '-f', crd);
    await faceModelsServed((...args) => this.kubectl(...args));
    // The collector of what lost its owner looks for new kinds every 30 s, and comes back to owners that it missed after longer and longer.
    await this.api.controllerManager?.restart();
    await this.kubectl('create', 'namespace', PLATFORM);
    await this.#makeNatsSecret();
    const mounts = join(this.folder, 'pods');
    await mkdir(mounts);
    const { instead, train } = this.options;
    const kubelet = new FakeKubelet({
      client: this.client,
      namespace: PLATFORM,
      folder: mounts,
      imageEnv: {
        FACEHASH_NETWORKS_DIR: process.env['FACEHASH_NETWORKS_DIR'] ?? '',
        FACEHASH_VISION_PROCESSES: '1',
        FACEHASH_TEST_RUN: process.env['FACEHASH_TEST_RUN'] ?? '',
      },
      ...(instead ? { instead } : {}),
      ...(train ? { train } : {}),
    });
    this.#closer.defer('kubelet', async () => {
      await kubelet[Symbol.asyncDispose]();
    });
    for (let i = 0; i < (this.options.operators ?? 1); i++) await this.startOperator();
  }

  /** As an admin does it who made a user for trainers. */
  async #makeNatsSecret(): Promise<void> {
    const { trainerNats } = this.options;
    if (trainerNats === undefined) return;
    const folder = (await this.stores.environment())['FACEHASH_NATS_CREDENTIALS_DIR'] ?? '';
    const files = ['username', 'password'].map((name) => `--from-file=${join(folder, name)}`);
    await this.kubectl('create', 'secret', 'generic', trainerNats, '-n', PLATFORM, ...files);
  }

  /** The certificate is for the host, and the proxy listens on the same one. */
  async #kubeconfigThrough({ port, protocol = 'https' }: Between): Promise<string> {
    const config = kubeConfigOf(this.api.kubeconfig);
    const path = join(this.folder, `kubeconfig-${port}`);
    const clusters = config.clusters.map((cluster) => ({
      ...cluster,
      server: `${protocol}://127.0.0.1:${port}`,
      // The client refuses plain HTTP otherwise.
      skipTLSVerify: protocol === 'http',
    }));
    config.loadFromOptions({ clusters, users: config.users, contexts: config.contexts, currentContext: config.currentContext });
    await writeFile(path, config.exportConfig(), { mode: 0o600 });
    return path;
  }
}

function kubeConfigOf(path: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(path);
  return config;
}
