import { execFile, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { imageArchive, startCluster, whyNoCluster, type Cluster } from '@facehash/local-cluster';
import { serverBinaries, ServersError } from '@facehash/test-servers';
import { temporaryFolder } from '@facehash/testing';

/** Pods are scheduled, begin and become ready meanwhile: `eventually` waits that long for what comes of it. */
export const IN_CLUSTER = { withinMs: 60_000 };
const KUBECTL_TIMEOUT_MS = 90_000;
/** An image of ours that holds BusyBox and nothing else; `load` puts it on the node. */
const testImage = 'localhost/facehash/test-busybox:1';

/** Why there can be no cluster here, in a sentence for a skipped test. */
export async function noClusterHere(): Promise<string | undefined> {
  const reason = await whyNoCluster();
  if (reason !== undefined) return reason;
  return serverBinaries(['etcd', 'kubectl', 'containerd', 'coredns', 'local-path-provisioner', 'traefik', 'kube-router']).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof ServersError && error.code === 'cannotBuildHere') return error.message;
      throw error;
    },
  );
}

/** kubectl as anybody runs it, with a kubeconfig and nothing else. */
export class Kubectl {
  private constructor(
    private readonly program: string,
    private readonly kubeconfig: string,
  ) {}

  static async of(cluster: { readonly kubeconfig: string }): Promise<Kubectl> {
    const { kubectl } = await serverBinaries(['kubectl']);
    if (kubectl === undefined) throw new Error('no kubectl was built');
    return new Kubectl(kubectl, cluster.kubeconfig);
  }

  /** What it printed. Rejects with what it complained of. */
  async run(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(this.program, this.#with(args), { timeout: KUBECTL_TIMEOUT_MS });
    return stdout.trim();
  }

  async apply(...resources: readonly object[]): Promise<void> {
    await this.#told(['apply', '--filename', '-'], { apiVersion: 'v1', kind: 'List', items: resources });
  }

  /** One object that is not kept, such as a review: what the API server answers, as JSON. */
  async create(object: object, ...args: readonly string[]): Promise<string> {
    return this.#told(['create', '--filename', '-', '--output', 'json', ...args], object);
  }

  async #told(args: readonly string[], object: object): Promise<string> {
    const child = spawn(this.program, this.#with(args), { stdio: 'pipe', timeout: KUBECTL_TIMEOUT_MS });
    child.stdin.end(JSON.stringify(object));
    const ended = new Promise((resolve) => child.once('close', resolve));
    const [said, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    if (code !== 0) throw new Error(complaint);
    return said;
  }

  #with(args: readonly string[]): string[] {
    return ['--kubeconfig', this.kubeconfig, ...args];
  }
}

/** A cluster for the tests of one file, with its state in a folder that goes with it. */
export class TestCluster implements AsyncDisposable {
  private constructor(
    readonly cluster: Cluster,
    readonly kubectl: Kubectl,
    readonly stateDir: string,
    private readonly folder: AsyncDisposable,
  ) {}

  static async start(options: { readonly gpus?: number } = {}): Promise<TestCluster> {
    const folder = await temporaryFolder();
    try {
      const stateDir = join(folder.path, 'cluster');
      const cluster = await startCluster({ stateDir, ...options });
      return new TestCluster(cluster, await Kubectl.of(cluster), stateDir, folder);
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.stop();
    await this.folder[Symbol.asyncDispose]();
  }
}

/** An archive of the image that tests run. */
export async function testImageArchive(folder: string): Promise<string> {
  const busybox = '/bin/busybox';
  const { stdout } = await promisify(execFile)(busybox, ['--list']);
  const applets = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  const archive = join(folder, 'test-image.tar');
  const image = {
    reference: testImage,
    files: [{ path: 'bin/busybox', content: await readFile(busybox) }],
    links: Object.fromEntries(applets.map((name) => [`bin/${name}`, 'busybox'])),
    entrypoint: ['/bin/sh', '-c'],
  };
  await writeFile(archive, await imageArchive([image]));
  return archive;
}

/** A pod's specification that runs one line of shell. */
export function shell(script: string, container: object = {}) {
  return {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'shell', image: testImage, imagePullPolicy: 'IfNotPresent', args: [script], ...container }],
  };
}

/** Asks through the ingress: which of its routes answers is told by the Host header, which `fetch` does not let anybody set. */
export function through(
  { ingressUrl, host, path }: { readonly ingressUrl: string; readonly host: string; readonly path: string },
  body?: Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const options = { method: body === undefined ? 'GET' : 'POST', headers: { ...headers, host }, timeout: 60_000 };
    const asked = request(new URL(path, ingressUrl), options, (answer) => {
      text(answer).then((got) => resolve({ status: answer.statusCode ?? 0, text: got }), reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer within a minute'))).on('error', reject);
    asked.end(body);
  });
}
