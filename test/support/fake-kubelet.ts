import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { refOf, keyOf, type KubeClient, type KubeObject, type Resource } from '@facehash/operator-runtime';

const pods: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
const secrets: Resource = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
const trainer = join(dirname(createRequire(import.meta.url).resolve('@facehash/trainer/package.json')), 'dist/main.js');
const POLL_MS = 100;

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
}

/** What became of a trainer's process. */
export interface Ended {
  readonly exitCode: number;
  readonly message: string;
}

export interface KubeletOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** For what is mounted into pods. */
  readonly folder: string;
  /** What the image of the trainer has of itself. */
  readonly imageEnv: Readonly<Record<string, string>>;
  /**
   * Takes the trainer's place, for what a trainer does not do by itself; `pending`: it never runs, and this is the pod's status. Left out, or
   * undefined for a pod: the real one runs.
   */
  readonly instead?: (pod: KubeObject) => Ended | 'never' | { readonly pending: object } | undefined;
  /** Takes the place of every trainer, in its own time. */
  readonly train?: (pod: KubeObject) => Promise<Ended>;
}

/**
 * Stands in for the kubelet where there is no node: the trainer of each pod of a Job runs as a process of this machine, with the environment
 * and the Secrets that the pod asks for, and the pod's status tells what a kubelet would.
 */
export class FakeKubelet implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #begun = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  readonly #watching: Promise<void>;
  /** Names of the pods that were run. */
  readonly ran: string[] = [];

  constructor(private readonly options: KubeletOptions) {
    this.#watching = this.#watch();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
    await Promise.allSettled(this.#running);
  }

  async #watch(): Promise<void> {
    const { client, namespace } = this.options;
    while (!this.#stop.signal.aborted) {
      const found = await client.list(pods, { namespace }).catch(() => ({ items: [] }));
      for (const pod of found.items) if (this.#isNew(pod)) this.#begin(pod);
      await sleep(POLL_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  #isNew({ metadata: { uid = '', deletionTimestamp, labels = {} } }: KubeObject): boolean {
    return deletionTimestamp === undefined && !this.#begun.has(uid) && 'batch.kubernetes.io/job-name' in labels;
  }

  #begin(pod: KubeObject): void {
    this.#begun.add(pod.metadata.uid ?? '');
    const run = this.#run(pod).catch(() => undefined);
    this.#running.add(run);
    void run.finally(() => this.#running.delete(run));
  }

  async #run(pod: KubeObject): Promise<void> {
    const spec = pod['spec'] as PodSpec;
    const [container] = spec.containers;
    if (!container) return;
    const instead = this.options.instead?.(pod);
    if (instead === 'never') return;
    if (instead !== undefined && 'pending' in instead) return this.#say(pod, { phase: 'Pending', ...instead.pending });
    this.ran.push(pod.metadata.name);
    const startedAt = new Date().toISOString();
    await this.#tell(pod, container, { phase: 'Running', state: { running: { startedAt } } });
    const train = this.options.train ?? ((of: KubeObject) => this.#train(of, spec, container));
    const { exitCode, message } = instead ?? (await train(pod));
    const terminated = {
      exitCode,
      message,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      startedAt,
      finishedAt: new Date().toISOString(),
    };
    await this.#tell(pod, container, { phase: exitCode === 0 ? 'Succeeded' : 'Failed', state: { terminated } });
  }

  async #train(pod: KubeObject, spec: PodSpec, container: Container): Promise<Ended> {
    const folder = join(this.options.folder, pod.metadata.name);
    await mkdir(folder, { recursive: true });
    const mounts = await this.#mount(pod, spec, container, folder);
    const message = join(folder, 'termination-log');
    const env = Object.fromEntries((container.env ?? []).map(({ name, value = '' }) => [name, mounted(value, mounts)]));
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', trainer], {
      env: { PATH: process.env['PATH'] ?? '', ...this.options.imageEnv, ...env, FACEHASH_TERMINATION_MESSAGE: message },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const onStop = (): void => void child.kill('SIGKILL');
    this.#stop.signal.addEventListener('abort', onStop, { once: true });
    const gone = this.#killWithPod(pod, () => child.kill('SIGTERM'));
    const [code] = (await once(child, 'exit')) as [number | null];
    gone.stop();
    this.#stop.signal.removeEventListener('abort', onStop);
    return { exitCode: code ?? 137, message: await readFile(message, 'utf8').catch(() => '') };
  }

  /** A pod that is deleted is told to end. */
  #killWithPod(pod: KubeObject, kill: () => void): { stop(): void } {
    const timer = setInterval(() => {
      void this.options.client.get(pods, refOf(keyOf(pod.metadata))).then(
        (now) => (now === undefined || now.metadata.deletionTimestamp !== undefined ? kill() : undefined),
        () => undefined,
      );
    }, 500);
    return { stop: () => clearInterval(timer) };
  }

  /** Mount path to the folder that stands in for it. */
  async #mount(
    pod: KubeObject,
    { volumes = [] }: PodSpec,
    { volumeMounts = [] }: Container,
    folder: string,
  ): Promise<ReadonlyMap<string, string>> {
    const mounts = new Map<string, string>();
    for (const { name, mountPath } of volumeMounts) {
      const place = join(folder, name);
      await mkdir(place, { recursive: true });
      mounts.set(mountPath, place);
      const secretName = volumes.find((volume) => volume.name === name)?.secret?.secretName;
      if (secretName !== undefined) await this.#fill(place, { name: secretName, namespace: pod.metadata.namespace ?? '' });
    }
    return mounts;
  }

  async #fill(place: string, ref: { readonly name: string; readonly namespace: string }): Promise<void> {
    const secret = await this.options.client.get(secrets, ref);
    for (const [file, data] of Object.entries((secret?.['data'] ?? {}) as Record<string, string>)) {
      await writeFile(join(place, file), Buffer.from(data, 'base64'), { mode: 0o600 });
    }
  }

  async #tell(
    pod: KubeObject,
    { name, image }: Container,
    { phase, state }: { phase: string; state: Record<string, unknown> },
  ): Promise<void> {
    const status = {
      phase,
      startTime: new Date().toISOString(),
      conditions: [{ type: 'PodScheduled', status: 'True' }],
      containerStatuses: [{ name, image, imageID: '', ready: phase === 'Running', restartCount: 0, state }],
    };
    await this.#say(pod, status);
  }

  async #say(pod: KubeObject, status: object): Promise<void> {
    const ref = refOf(keyOf(pod.metadata));
    await this.options.client.patch(pods, ref, { strategy: 'merge', body: { status }, subresource: 'status' });
  }
}

function mounted(value: string, mounts: ReadonlyMap<string, string>): string {
  for (const [mountPath, place] of mounts) {
    if (value === mountPath || value.startsWith(`${mountPath}/`)) return place + value.slice(mountPath.length);
  }
  return value;
}
