import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { failurePath } from './keeper.js';
import { loadImages, removeLeftovers } from './cluster.js';
import { reportSchema, type Report } from './plan.js';
import { isThere } from './process-identity.js';
import { clusterPrograms } from './programs.js';
import { gone, ownerOf, StateFolder } from './state-folder.js';

/** Where a command writes to: results, and what happens meanwhile. */
export interface Output {
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
}

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

const addresses = z.object({ kubeconfig: z.string(), apiUrl: z.string(), ingressUrl: z.string() });
const message = z.union([
  z.object({ progress: z.string() }),
  z.object({ report: reportSchema }),
  z.object({ ready: addresses }),
  z.object({ failed: z.string() }),
]);

/** Starts a keeper that outlives this command, and waits until its cluster is ready. */
export async function up({ state, gpus }: { state: string; gpus: number }, { write, complain }: Output): Promise<void> {
  const owner = await ownerOf(state);
  if (owner !== undefined && isThere(owner.owner))
    throw new Error(`A cluster runs in ${state} already. To end it: npm run cluster -- down`);
  const keeper = startKeeper(state, gpus);
  const stop = (): void => keeper.disconnect();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const ready = await readiness(keeper, complain);
  keeper.unref();
  write(
    [
      `export KUBECONFIG=${ready.kubeconfig}`,
      `# Ingresses and HTTPRoutes answer at ${ready.ingressUrl}, told apart by the Host header.`,
      '',
    ].join('\n'),
  );
}

/** It says by messages what there is to say, and once it is alone, by `status.json` and `log/failure.txt`. */
function startKeeper(state: string, gpus: number): ChildProcess {
  const args = [main, 'keep', '--state', state, '--gpus', String(gpus)];
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true });
}

async function readiness(keeper: ChildProcess, complain: Output['complain']): Promise<z.infer<typeof addresses>> {
  const outcome = Promise.withResolvers<z.infer<typeof addresses>>();
  keeper.on('message', (value) => {
    const heard = message.parse(value);
    if ('progress' in heard) complain(`${heard.progress}\n`);
    else if ('report' in heard) complain(lineOf(heard.report));
    else if ('ready' in heard) outcome.resolve(heard.ready);
    else outcome.reject(new Error(heard.failed));
  });
  keeper.once('exit', (code, signal) => outcome.reject(new Error(`the cluster's keeper ended with ${code ?? signal ?? '?'}`)));
  const ready = await outcome.promise;
  if (keeper.connected) await once(keeper, 'disconnect');
  return ready;
}

function lineOf(report: Report): string {
  switch (report.event) {
    case 'ready':
      return `${(report.afterMs / 1000).toFixed(1).padStart(6)} s  ${report.component}\n`;
    case 'allReady':
      return `${(report.afterMs / 1000).toFixed(1).padStart(6)} s  everything\n`;
    case 'started':
    case 'failed':
      return '';
  }
}

export async function load(archives: readonly string[], { state }: { state: string }): Promise<void> {
  await runningIn(state);
  const { ctr } = await clusterPrograms({});
  await loadImages({ ctr, state }, archives);
}

/** Ends the cluster of the folder, whoever keeps it, and removes what is left of it or of a killed one. */
export async function down({ state }: { state: string }, { complain }: Output): Promise<void> {
  const owner = await ownerOf(state);
  if (owner === undefined) return complain(`No cluster runs in ${state}.\n`);
  if (isThere(owner.owner)) {
    process.kill(owner.owner.pid, 'SIGTERM');
    await gone(owner.owner);
  }
  const folder = await StateFolder.claim(state);
  try {
    await removeLeftovers(folder);
  } finally {
    await folder.release();
  }
}

/** Resolves to whether a cluster is ready. */
export async function status({ state }: { state: string }, { write, complain }: Output): Promise<boolean> {
  const owner = await ownerOf(state);
  if (owner === undefined || !isThere(owner.owner)) {
    complain(`No cluster runs in ${state}.\n`);
    const failure = await readFile(failurePath(state), 'utf8').catch(() => undefined);
    if (failure !== undefined) complain(`The last one failed. ${failure}`);
    return false;
  }
  const ready = await readyIn(state);
  if (ready === undefined) {
    complain(`The cluster in ${state} starts or ends.\n`);
    return false;
  }
  write(`${JSON.stringify({ state, pid: owner.owner.pid, ...ready }, null, 2)}\n`);
  return true;
}

async function runningIn(state: string): Promise<void> {
  const owner = await ownerOf(state);
  if (owner === undefined || !isThere(owner.owner)) throw new Error(`No cluster runs in ${state}. To start one: npm run cluster -- up`);
}

/** The keeper writes it when everything answers; a library's cluster has none. */
async function readyIn(state: string): Promise<z.infer<typeof addresses> | undefined> {
  const text = await readFile(join(state, 'status.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : addresses.parse(JSON.parse(text));
}
