import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodeDocument, layout } from '@facehash/artifacts';
import { Closer, Limiter, sha256Hex, silentLogger, systemClock, systemRandom } from '@facehash/kernel';
import { openS3ObjectStore } from '@facehash/object-store-s3';
import { KubeClient, type KubeObject, type Resource } from '@facehash/operator-runtime';
import { serverBinaries, startApiServer, startServer, type ApiServer, type RunningServer } from '@facehash/test-servers';
import { temporaryFolder, type TcpProxy } from '@facehash/testing';
import { KubeConfig } from '@kubernetes/client-node';
import { faceModelsServed } from '../face-models-served.js';
import { parseMetrics, servedBy, type Served } from './metrics.js';

const run = promisify(execFile);
/** From what is compiled of this: benchmarks run so. */
const crd = new URL('../../../../charts/facehash/files/crd-facemodels.yaml', import.meta.url).pathname;
export const PLATFORM = 'facehash';
export const NAMESPACE = 'default';
const AT_ONCE = 32;
const KUBECTL_TIMEOUT_MS = 60_000;
const METRICS_TIMEOUT_MS = 60_000;

export const faceModels: Resource = {
  group: 'facehash.dev',
  version: 'v1alpha1',
  plural: 'facemodels',
  kind: 'FaceModel',
  namespaced: true,
};
export const jobs: Resource = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true };

/** A real API server without controllers (Jobs need no pods here), and the stores that an operator needs. */
export class World implements AsyncDisposable {
  readonly #closer = new Closer();

  private constructor(
    readonly api: ApiServer,
    readonly folder: string,
    readonly client: KubeClient,
    readonly minio: RunningServer,
    readonly nats: RunningServer,
  ) {}

  static async start(): Promise<World> {
    const closer = new Closer();
    try {
      const folder = await temporaryFolder();
      closer.defer('folder', async () => {
        await folder[Symbol.asyncDispose]();
      });
      const api = await startApiServer();
      closer.defer('API server', () => api.stop());
      const minio = await startServer('minio');
      closer.defer('MinIO', () => minio.stop());
      const nats = await startServer('nats');
      closer.defer('NATS', () => nats.stop());
      // As fast as the server takes it: this is who makes the world and no contender.
      const client = new KubeClient({ kubeConfig: kubeConfigAt(api.kubeconfig), fieldManager: 'owner', qps: 5000, burst: 5000 });
      closer.defer('client', () => client.close());
      const world = new World(api, folder.path, client, minio, nats);
      world.#closer.defer('world', () => closer.close());
      await world.#setUp();
      return world;
    } catch (error) {
      await closer.close();
      throw error;
    }
  }

  /** Names of models that were made, as their owners do. */
  async makeModels(count: number): Promise<readonly string[]> {
    const limiter = new Limiter(AT_ONCE);
    const names = Array.from({ length: count }, (_, i) => `model-${String(i).padStart(5, '0')}`);
    const modelNamed = (name: string): KubeObject => ({
      metadata: { name, namespace: NAMESPACE },
      spec: { displayName: `Model ${name}` },
    });
    await Promise.all(names.map((name) => limiter.run(() => this.client.create(faceModels, modelNamed(name)))));
    return names;
  }

  /** As enrolment leaves it: three photos of one person, of which no version knows yet. Nobody is told. */
  async giveSamples(names: readonly string[]): Promise<void> {
    const { origin, username, password } = new URL(this.minio.url);
    const store = await openS3ObjectStore({
      endpoint: origin,
      bucket: 'facehash',
      credentials: { kind: 'static', accessKeyId: username, secretAccessKey: password },
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    });
    const limiter = new Limiter(AT_ONCE);
    const give = async (name: string): Promise<void> => {
      const model = await this.client.get(faceModels, { name, namespace: NAMESPACE });
      const storageId = model?.metadata.uid ?? '';
      const latest = { v: 1, counter: 1, digest: sha256Hex(storageId), people: 1, photos: 3 };
      await store.create(layout.latestSamples(storageId), encodeDocument(latest));
    };
    try {
      await Promise.all(names.map((name) => limiter.run(() => give(name))));
    } finally {
      await store.close();
    }
  }

  /** What a contender must not be asked: the API server, over a network whose bytes are counted. */
  async kubeconfigThrough({ port }: TcpProxy): Promise<string> {
    const config = kubeConfigAt(this.api.kubeconfig);
    const path = join(this.folder, `kubeconfig-${port}`);
    const clusters = config.clusters.map((cluster) => ({ ...cluster, server: `https://127.0.0.1:${port}` }));
    config.loadFromOptions({ clusters, users: config.users, contexts: config.contexts, currentContext: config.currentContext });
    await writeFile(path, config.exportConfig(), { mode: 0o600 });
    return path;
  }

  /** The API server's own account. */
  async served(): Promise<Served> {
    const config = kubeConfigAt(this.api.kubeconfig);
    const token = config.getCurrentUser()?.token ?? '';
    const ca = Buffer.from(config.getCurrentCluster()?.caData ?? '', 'base64');
    const agent = new Agent({ ca });
    const text = await new Promise<string>((resolve, reject) => {
      const options = { agent, headers: { authorization: `Bearer ${token}` }, timeout: METRICS_TIMEOUT_MS };
      const request = get(`${this.api.url}/metrics`, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).toString()));
        response.on('error', reject);
      });
      request.on('timeout', () => request.destroy(new Error('the API server did not tell its metrics in time')));
      request.on('error', reject);
    });
    agent.destroy();
    return servedBy(parseMetrics(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closer.close();
  }

  async #setUp(): Promise<void> {
    const { kubectl = '' } = await serverBinaries(['kubectl']);
    const call = (...args: readonly string[]): Promise<unknown> =>
      run(kubectl, ['--kubeconfig', this.api.kubeconfig, ...args], { timeout: KUBECTL_TIMEOUT_MS });
    await call('apply', '--server-side', '-f', crd);
    await faceModelsServed(call);
    await call('create', 'namespace', PLATFORM);
  }
}

function kubeConfigAt(path: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(path);
  return config;
}
