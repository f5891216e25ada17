import { setTimeout as sleep } from 'node:timers/promises';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@facehash/testing';
import { startApiServer, type ApiServer } from './api-server.js';
import { serverBinaries } from './build.js';
import { runCommand } from './command.js';
import { ServersError } from './servers-error.js';

const binaries = await serverBinaries(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl']).catch((error: unknown) => {
  if (error instanceof ServersError && error.code === 'cannotBuildHere') return error.message;
  throw error;
});

describe('an API server with controllers', () => {
  if (typeof binaries === 'string') it.skip(`is not tried: ${binaries}`, () => undefined);
  else withControllers(binaries['kubectl'] ?? '');
});

const job = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'one', namespace: 'default' },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'none.example/none' }] } } },
};

function withControllers(program: string): void {
  let api: ApiServer;
  let home: Awaited<ReturnType<typeof temporaryFolder>>;

  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const env = { PATH: process.env['PATH'], HOME: home.path, KUBECONFIG: api.kubeconfig };
    const { code, stdout, output } = await runCommand([program, ...args], { env, timeoutMs: 20_000 });
    if (code !== 0) throw new Error(output);
    return stdout.trim();
  };
  const untilPodsAre = async (count: number): Promise<void> => {
    for (const latest = performance.now() + 20_000; ; await sleep(100)) {
      const pods = (await kubectl('get', 'pods', '-n', 'default', '-l', 'job-name=one', '-o', 'name')).split('\n').filter(Boolean);
      if (pods.length === count) return;
      if (performance.now() > latest) throw new Error(`there are ${pods.length} pods and not ${count}`);
    }
  };

  beforeAll(async () => {
    home = await temporaryFolder();
    api = await startApiServer({ controllerManager: true });
  });
  afterAll(async () => {
    await api.stop();
    await home[Symbol.asyncDispose]();
  });

  it('makes the pod of a Job, and takes it away with the Job, also after the controllers were killed', async () => {
    const file = join(home.path, 'job.json');
    await writeFile(file, JSON.stringify(job));
    await kubectl('create', '-f', file);
    await untilPodsAre(1);
    await api.controllerManager?.restart('SIGKILL');
    await kubectl('delete', 'job', 'one', '-n', 'default', '--cascade=background');
    await untilPodsAre(0);
  });
}
