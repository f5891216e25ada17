import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serverBinaries } from '@facehash/test-servers';
import { freePort, tcpProxy, type TcpProxy } from '@facehash/testing';
import { stringify } from 'yaml';
import { cpuMsOf, peakResidentBytes, residentBytes } from '../processes.js';
import { Program } from '../program.js';
import { parseMetrics, sumOf, type Samples } from './metrics.js';
import { PLATFORM, type World } from './world.js';

export interface Limits {
  readonly workers: number;
  /** Calls of the API server a second. */
  readonly callsPerSecond: number;
}

/** A controller in a process of its own, with its metrics, behind a network that counts bytes. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly network: TcpProxy;
  metrics(): Promise<Samples>;
  /** Resident now, and at its highest. */
  memory(): Promise<{ readonly nowBytes: number; readonly peakBytes: number }>;
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

const METRICS_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const SCRAPE_PAUSE_MS = 50;
const START_TIMEOUT_MS = 120_000;

/** The operator of this repository; resolves when it answers at all. */
export async function startOperator(world: World, { workers, callsPerSecond }: Limits): Promise<Contender> {
  const network = await tcpProxy({ port: Number(new URL(world.api.url).port) });
  const profiles = join(world.folder, 'profiles.yaml');
  await writeFile(profiles, stringify({ default: { image: 'facehash/trainer:test', resources: { requests: { cpu: '1' } } } }));
  const management = await freePort();
  const [minio, nats] = [new URL(world.minio.url), new URL(world.nats.url)];
  const program = Program.launch(
    {
      NODE_ENV: 'production',
      KUBECONFIG: await world.kubeconfigThrough(network),
      FACEHASH_S3_ENDPOINT: minio.origin,
      FACEHASH_S3_ACCESS_KEY_ID: minio.username,
      FACEHASH_S3_SECRET_ACCESS_KEY: minio.password,
      FACEHASH_NATS_SERVERS: `nats://${nats.host}`,
      FACEHASH_NATS_CREDENTIALS_DIR: await credentialsIn(world.folder, nats),
      FACEHASH_PLATFORM_NAMESPACE: PLATFORM,
      FACEHASH_OPERATOR_NAME: 'benchmark',
      FACEHASH_TRAINING_PROFILES_FILE: profiles,
      FACEHASH_TRAINING_RUNS_MAX: '1000',
      FACEHASH_RECONCILE_WORKERS: String(workers),
      FACEHASH_KUBERNETES_CALLS_PER_SECOND: String(callsPerSecond),
      MANAGEMENT_PORT: String(management),
      HOST: '127.0.0.1',
      LOG_LEVEL: 'warn',
      // As its image starts it.
      NODE_OPTIONS: '--max-old-space-size=256 --max-semi-space-size=4',
    },
    'operator',
  );
  const url = `http://127.0.0.1:${management}/metrics`;
  const { pid } = program;
  const ended = (): string | undefined => (program.ended ? program.printed.slice(-4000) : undefined);
  return contender({ name: 'operator', network, url, pid, ended, stop: () => program.stop(), kill: () => program.kill() });
}

/** The program in test/performance/go-controller. */
export async function startPeer(world: World, { workers, callsPerSecond }: Limits): Promise<Contender> {
  const { 'controller-peer': path = '' } = await serverBinaries(['controller-peer']);
  const network = await tcpProxy({ port: Number(new URL(world.api.url).port) });
  const metricsAt = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config=${await world.kubeconfigThrough(network)}`,
    `--platform=${PLATFORM}`,
    `--metrics=${metricsAt}`,
    `--workers=${workers}`,
    `--qps=${callsPerSecond}`,
  ];
  const child = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let printed = '';
  child.stderr.on('data', (chunk: Buffer) => (printed = (printed + chunk.toString()).slice(-4000)));
  const pid = child.pid ?? -1;
  const ended = (): string | undefined => (child.exitCode === null && child.signalCode === null ? undefined : printed);
  const end = (signal: NodeJS.Signals) => (): Promise<void> => ends(child, signal);
  const [stop, kill] = [end('SIGTERM'), end('SIGKILL')];
  return contender({ name: 'Go peer', network, url: `http://${metricsAt}/metrics`, pid, ended, stop, kill });
}

/** Those of the API server, of one resource and all its verbs, on the client's side. */
export function callsOf(samples: Samples): number {
  return sumOf(samples, 'rest_client_requests_total');
}

interface Parts {
  readonly name: string;
  readonly network: TcpProxy;
  readonly url: string;
  readonly pid: number;
  /** What it printed last, if it is not there any more. */
  readonly ended: () => string | undefined;
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
}

async function contender({ name, network, url, pid, ended, stop, kill }: Parts): Promise<Contender> {
  const metrics = async (): Promise<Samples> => {
    const last = ended();
    if (last !== undefined) throw new Error(`${name} ended:\n${last}`);
    return parseMetrics(await (await fetch(url, { signal: AbortSignal.timeout(METRICS_TIMEOUT_MS) })).text());
  };
  const dispose = async (): Promise<void> => {
    await kill();
    await network[Symbol.asyncDispose]();
  };
  try {
    for (
      const end = performance.now() + START_TIMEOUT_MS;
      !(await metrics().then(
        () => true,
        (error: unknown) => refused(error, end),
      ));
    ) {
      await new Promise((resolve) => setTimeout(resolve, SCRAPE_PAUSE_MS));
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    name,
    network,
    metrics,
    memory: async () => ({ nowBytes: await residentBytes(pid), peakBytes: await peakResidentBytes(pid) }),
    cpuMs: () => cpuMsOf(pid),
    stop: async () => {
      await stop();
      await network[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** False while it does not listen yet. */
function refused(error: unknown, endAtMs: number): false {
  if (error instanceof TypeError && performance.now() < endAtMs) return false;
  throw error;
}

async function ends(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit', { signal: AbortSignal.timeout(STOP_TIMEOUT_MS) });
  child.kill(signal);
  await exit;
}

async function credentialsIn(folder: string, { username, password }: URL): Promise<string> {
  await writeFile(join(folder, 'username'), username, { mode: 0o600 });
  await writeFile(join(folder, 'password'), password, { mode: 0o600 });
  return folder;
}
