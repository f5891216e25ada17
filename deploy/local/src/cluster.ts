import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Closer } from '@facehash/kernel';
import { ports } from './addresses.js';
import { createCgroup, removeCgroup } from './cgroups.js';
import { writeCertificates, type HolderName } from './certificates.js';
import { components } from './components.js';
import { configurationFiles, volatile, type Paths } from './configuration.js';
import { writeKubeconfig } from './kubeconfig.js';
import { Namespaces } from './namespaces.js';
import { ownImages } from './own-images.js';
import type { Plan, Report } from './plan.js';
import { clusterPrograms, type Programs } from './programs.js';
import { preparation } from './preparation.js';
import { cgroupHierarchies, pathOfComponents, whyNoCluster } from './prerequisites.js';
import { startRelay, type RunningRelay } from './relay.js';
import { StateFolder } from './state-folder.js';

const loadTimeoutMs = 5 * 60_000;
/** Beside the compiled and beside the source files. */
const manifests = fileURLToPath(new URL('../manifests', import.meta.url));

export interface ClusterOptions {
  /** Everything that the cluster keeps, outside of the checkout; made where it is missing. */
  readonly stateDir: string;
  /** Where built servers are; by default the cache of all set-up. What it lacks is built, which takes minutes. */
  readonly cacheDir?: string;
  /** How many `nvidia.com/gpu` the node says that it has. */
  readonly gpus?: number;
  /** Called with every step of the start; lines of what is built come before. */
  readonly onReport?: (report: Report) => void;
  readonly onProgress?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** A Kubernetes of one node that answers, for as long as this process lives. */
export interface Cluster extends AsyncDisposable {
  /** Path of the administrator's kubeconfig, of mode 600. */
  readonly kubeconfig: string;
  readonly apiUrl: string;
  /** Of the ingress controller, for Ingresses and HTTPRoutes alike; which of them answers is told by the Host header. */
  readonly ingressUrl: string;
  /** Logs of the components: `<name>.log`. */
  readonly logDir: string;
  /** Rejects when a component has ended, with the last lines of its log; resolves when the cluster was stopped. */
  readonly ended: Promise<void>;
  /** Makes the images of docker or OCI archives known to the node. */
  load(archives: readonly string[], signal?: AbortSignal): Promise<void>;
  /** Ends every process of it and removes what it made. */
  stop(): Promise<void>;
}

/**
 * Starts a cluster in namespaces of its own and waits until everything of it answers. Whatever ends this process ends the cluster.
 * Rejects with a sentence where this machine cannot, where another cluster holds the folder, or where a component fails.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const reason = await whyNoCluster();
  if (reason !== undefined) throw new Error(reason);
  const closer = new Closer();
  try {
    return await start(options, closer);
  } catch (error) {
    await closer.close();
    throw error;
  }
}

async function start(options: ClusterOptions, closer: Closer): Promise<Cluster> {
  const programs = await clusterPrograms(options);
  const state = await StateFolder.claim(options.stateDir);
  closer.defer('state folder', () => state.release());
  await removeLeftovers(state);
  const outcome = { failed: true };
  closer.defer('state', () => removeLeftovers(state, { keepLogs: outcome.failed }));
  const api = await relayTo(state.in('api.sock'), closer);
  const ingress = await relayTo(state.in('ingress.sock'), closer);
  await writeFiles(state, `https://127.0.0.1:${api.port}`);
  await createCgroup(await hierarchies(), state.cgroup);
  const inside = await Namespaces.enter(state, options.onReport);
  closer.defer('namespaces', () => inside.kill());
  await inside.run(planOf(state, programs, options.gpus), options.signal);
  outcome.failed = false;
  inside.ended.catch(() => (outcome.failed = true));
  return {
    kubeconfig: state.in('kubeconfig'),
    apiUrl: `https://127.0.0.1:${api.port}`,
    ingressUrl: `http://127.0.0.1:${ingress.port}`,
    logDir: state.in('log'),
    ended: inside.ended,
    load: (archives, signal) => loadImages({ ctr: programs.ctr, state: state.path }, archives, signal),
    stop: () => closer.close(),
    [Symbol.asyncDispose]: () => closer.close(),
  };
}

/** Files and control groups of an older cluster or of this one, whose processes are gone. */
export async function removeLeftovers(state: StateFolder, options?: { keepLogs: boolean }): Promise<void> {
  await removeCgroup(await hierarchies(), state.cgroup);
  await state.clean(options);
}

async function hierarchies() {
  const found = await cgroupHierarchies();
  if (found === undefined) throw new Error('the control groups are gone');
  return found;
}

async function relayTo(path: string, closer: Closer): Promise<RunningRelay> {
  const relay = await startRelay({ host: '127.0.0.1', port: 0 }, { path });
  closer.defer(`relay to ${path}`, () => relay.close());
  return relay;
}

function pathsOf(state: StateFolder): Paths {
  const config = state.in('config');
  return { state: state.path, pki: state.in('pki'), config, kubeconfigOf: (holder) => join(config, `${holder}.kubeconfig`) };
}

const insideUsers: readonly HolderName[] = [
  'admin',
  'controller-manager',
  'scheduler',
  'proxy',
  'kubelet',
  'coredns',
  'traefik',
  'storage',
  'policies',
];

async function writeFiles(state: StateFolder, apiUrl: string): Promise<void> {
  const paths = pathsOf(state);
  for (const name of ['log/pods', 'etcd', 'containerd', 'kubelet', 'kubelet-plugins', 'volumes', 'images']) {
    await mkdir(state.in(name), { recursive: true, mode: 0o700 });
  }
  // Containers look through it as whoever they are.
  await mkdir(state.in('volumes'), { recursive: true });
  for (const [name, content] of Object.entries(configurationFiles(paths, state.cgroup))) {
    await mkdir(dirname(join(paths.config, name)), { recursive: true });
    await writeFile(join(paths.config, name), content);
  }
  await Promise.all([writeFile(state.in('images/own.tar'), await ownImages()), writeCertificates(paths.pki)]);
  const inside = `https://127.0.0.1:${ports.api}`;
  for (const holder of insideUsers) await writeKubeconfig(paths.kubeconfigOf(holder), { pki: paths.pki, holder, server: inside });
  await writeKubeconfig(state.in('kubeconfig'), { pki: paths.pki, holder: 'admin', server: apiUrl });
}

function planOf(state: StateFolder, programs: Programs, gpus = 1): Plan {
  const paths = pathsOf(state);
  const path = pathOfComponents(dirname(programs['containerd-shim-runc-v2']));
  const images = state.in('images/own.tar');
  return {
    logDir: state.in('log'),
    env: { PATH: path, HOME: volatile, TMPDIR: `${volatile}/tmp` },
    preparation: preparation(paths.config).map((argv) => [...argv]),
    relays: [
      { socket: state.in('api.sock'), host: '127.0.0.1', port: ports.api },
      { socket: state.in('ingress.sock'), host: '127.0.0.1', port: ports.ingress },
    ],
    components: [...components({ paths, programs, path, manifests, images, gpus })],
  };
}

/** Through containerd's socket, which is a file and so reached from every namespace. */
export async function loadImages(to: { ctr: string; state: string }, archives: readonly string[], signal?: AbortSignal): Promise<void> {
  for (const archive of archives) {
    const args = ['--address', join(to.state, 'containerd.sock'), '--namespace', 'k8s.io', 'images', 'import', archive];
    await promisify(execFile)(to.ctr, args, { timeout: loadTimeoutMs, signal });
  }
}
