import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Closer, silentLogger, systemClock, systemRandom } from '@facehash/kernel';
import { openS3ObjectStore } from '@facehash/object-store-s3';
import { startServer, type RunningServer } from '@facehash/test-servers';
import { freePort, tcpProxy, temporaryFolder, type TcpProxy } from '@facehash/testing';
import { Client } from './client.js';
import { applyModel, commandLine } from './command-line.js';
import { Program } from './program.js';

const stores = ['mongo', 'minio', 'nats'] as const;
type Store = (typeof stores)[number];

/** What stands between one program and each store. */
export type Network = Readonly<Record<Store, TcpProxy>>;

/** One replica of inference, with a network of its own. */
export interface Replica {
  readonly url: string;
  readonly healthUrl: string;
  readonly network: Network;
  readonly program: Program;
}

export interface ReplicasOptions {
  readonly replicas?: number;
  /** Left out: the loop of one machine trains and promotes. False: an operator does. */
  readonly lifecycle?: false;
  /** When the stores are there, and before any program of ours is. */
  readonly before?: (cluster: Replicas) => Promise<void>;
  /** In addition, of every program. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface AddOptions {
  /** Another life of the replica that was there, on the same ports and the same network. */
  readonly at?: Replica;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The product as a cluster runs it, on this machine: real servers of S3, MongoDB's protocol and NATS, the lifecycle in one process and
 * several replicas of inference, each behind a network that can be broken.
 */
export class Replicas implements AsyncDisposable {
  readonly replicas: Replica[] = [];
  lifecycle: Program | undefined;
  readonly #closer = new Closer();
  readonly #servers = new Map<Store, RunningServer>();
  #folder = '';

  private constructor(private readonly env: Readonly<Record<string, string>>) {}

  static async start({ replicas = 2, env = {}, lifecycle, before }: ReplicasOptions = {}): Promise<Replicas> {
    const started = new Replicas(env);
    try {
      await started.#open();
      await before?.(started);
      if (lifecycle !== false) await started.startLifecycle();
      await Promise.all(Array.from({ length: replicas }, () => started.addReplica()));
      return started;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The data folder of the lifecycle. */
  get dataDir(): string {
    return join(this.#folder, 'lifecycle');
  }

  server(store: Store): RunningServer {
    const server = this.#servers.get(store);
    if (!server) throw new Error(`${store} was not started`);
    return server;
  }

  /** The variables by which a program finds the stores. */
  async environment(network?: Network): Promise<Readonly<Record<string, string>>> {
    const at = (store: Store): string => `127.0.0.1:${network?.[store].port ?? new URL(this.server(store).url).port}`;
    const minio = new URL(this.server('minio').url);
    return {
      FACEHASH_S3_ENDPOINT: `http://${at('minio')}`,
      FACEHASH_S3_ACCESS_KEY_ID: minio.username,
      FACEHASH_S3_SECRET_ACCESS_KEY: minio.password,
      FACEHASH_MONGODB_URL: `mongodb://${at('mongo')}/`,
      FACEHASH_NATS_SERVERS: `nats://${at('nats')}`,
      FACEHASH_NATS_CREDENTIALS_DIR: await this.#natsCredentials(),
      ...this.env,
    };
  }

  async startLifecycle(env: Readonly<Record<string, string>> = {}): Promise<Program> {
    this.lifecycle = await this.anotherLifecycle(this.dataDir, env);
    return this.lifecycle;
  }

  /** Beside the one that there is, which a cluster never means to have. */
  async anotherLifecycle(dataDir: string, env: Readonly<Record<string, string>> = {}): Promise<Program> {
    const management = await freePort();
    const started = await Program.start({
      healthUrl: `http://127.0.0.1:${management}`,
      env: {
        ...(await this.environment()),
        FACEHASH_MODE: 'lifecycle',
        FACEHASH_DATA_DIR: dataDir,
        MANAGEMENT_PORT: String(management),
        ...env,
      },
    });
    this.#closer.defer('lifecycle', () => started.kill());
    return started;
  }

  /** Resolves when it is ready. */
  async addReplica(options: AddOptions = {}): Promise<Replica> {
    const replica = await this.launchReplica(options);
    await replica.program.untilReady(replica.healthUrl).catch((cause: unknown) => {
      throw new Error(`a replica did not become ready:\n${replica.program.printed.slice(-4000)}`, { cause });
    });
    return replica;
  }

  /** Started, and no more. */
  async launchReplica({ at, env = {} }: AddOptions = {}): Promise<Replica> {
    const [port, management] = at ? [at.url, at.healthUrl].map((url) => Number(new URL(url).port)) : [await freePort(), await freePort()];
    const network = at?.network ?? (await this.#network());
    const [url, healthUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${management}`];
    const program = Program.launch({
      ...(await this.environment(network)),
      FACEHASH_MODE: 'cluster',
      PORT: String(port),
      MANAGEMENT_PORT: String(management),
      VISION_PROCESSES: '1',
      ...env,
    });
    const replica = { url, healthUrl, network, program };
    const place = at ? this.replicas.indexOf(at) : this.replicas.length;
    this.replicas[place] = replica;
    return replica;
  }

  replica(index: number): Replica {
    const replica = this.replicas[index];
    if (!replica) throw new Error(`there is no replica ${index}`);
    return replica;
  }

  /** Makes a model as an owner does; its key. */
  async makeModel(name: string, spec: Readonly<Record<string, unknown>> = {}): Promise<string> {
    await applyModel(name, this.dataDir, spec);
    return (await readFile(join(this.dataDir, 'keys', name), 'utf8')).trim();
  }

  async facehash(...args: readonly string[]): Promise<string> {
    const { code, out, complaints } = await commandLine(['--data-dir', this.dataDir, ...args], await this.environment());
    if (code !== 0) throw new Error(`facehash ${args.join(' ')} ended with ${code}: ${complaints}`);
    return out;
  }

  /** Keys of all that is stored of a model. */
  async objectsOf(storageId: string): Promise<readonly string[]> {
    const { origin, username, password } = new URL(this.server('minio').url);
    const store = await openS3ObjectStore({
      endpoint: origin,
      bucket: 'facehash',
      credentials: { kind: 'static', accessKeyId: username, secretAccessKey: password },
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    });
    try {
      const keys: string[] = [];
      for await (const { key } of store.list(`${storageId}/`)) keys.push(key);
      return keys;
    } finally {
      await store.close();
    }
  }

  /** Every program that was started and not replaced. */
  get programs(): readonly Program[] {
    return [...(this.lifecycle ? [this.lifecycle] : []), ...this.replicas.map(({ program }) => program)];
  }

  /** A client of each replica. */
  clients(apiKey: string): readonly Client[] {
    return this.replicas.map(({ url }) => new Client(url, apiKey));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.programs.map((program) => program.kill()));
    await this.#closer.close();
  }

  async #open(): Promise<void> {
    const folder = await temporaryFolder();
    this.#closer.defer('folder', async () => {
      await folder[Symbol.asyncDispose]();
    });
    this.#folder = folder.path;
    await mkdir(this.dataDir, { mode: 0o700 });
    for (const store of stores) {
      const server = await startServer(store);
      this.#closer.defer(store, () => server.stop());
      this.#servers.set(store, server);
    }
  }

  async #network(): Promise<Network> {
    const proxy = async (store: Store): Promise<TcpProxy> => {
      const opened = await tcpProxy({ port: Number(new URL(this.server(store).url).port) });
      this.#closer.defer(`network to ${store}`, async () => {
        await opened[Symbol.asyncDispose]();
      });
      return opened;
    };
    const [mongo, minio, nats] = [await proxy('mongo'), await proxy('minio'), await proxy('nats')];
    return { mongo, minio, nats };
  }

  /** As a Secret is mounted. */
  async #natsCredentials(): Promise<string> {
    const { username, password } = new URL(this.server('nats').url);
    const folder = join(this.#folder, 'nats-credentials');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'username'), username, { mode: 0o600 });
    await writeFile(join(folder, 'password'), password, { mode: 0o600 });
    return folder;
  }
}
