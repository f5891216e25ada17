import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startCluster, type Cluster } from './cluster.js';
import type { Report } from './plan.js';
import { writeAtomically } from './state-folder.js';

/** What the keeper tells the command that started it, as long as that one listens. */
export type KeeperMessage =
  | { readonly progress: string }
  | { readonly report: Report }
  | { readonly ready: { readonly kubeconfig: string; readonly apiUrl: string; readonly ingressUrl: string } }
  | { readonly failed: string };

/** Holds a cluster until it is told to end by a signal, or the cluster ends by itself. What it knows is in `status.json`, too. */
export async function keep({ state, gpus }: { state: string; gpus: number }): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort(new Error('stopped')));
  // Whoever asked for a cluster and went before it was there does not want it any more.
  const onGone = (): void => stopping.abort(new Error('the command that started it ended'));
  process.on('disconnect', onGone);
  try {
    await using cluster = await startCluster({
      stateDir: state,
      gpus,
      signal: stopping.signal,
      onProgress: (line) => tell({ progress: line }),
      onReport: (report) => tell({ report }),
    });
    process.off('disconnect', onGone);
    await announce(cluster, state);
    await Promise.race([cluster.ended, aborted(stopping.signal)]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    tell({ failed: reason });
    // Beside the logs, which stay where a cluster failed. Where it never came to have any, the command that started it heard why.
    await writeFile(failurePath(state), `${reason}\n`, { mode: 0o600 }).catch(() => undefined);
    throw error;
  }
}

export function failurePath(state: string): string {
  return join(state, 'log/failure.txt');
}

async function announce({ kubeconfig, apiUrl, ingressUrl }: Cluster, state: string): Promise<void> {
  await writeAtomically(join(state, 'status.json'), { kubeconfig, apiUrl, ingressUrl });
  tell({ ready: { kubeconfig, apiUrl, ingressUrl } });
  if (process.connected) process.disconnect();
}

function tell(message: KeeperMessage): void {
  // It may have gone in the meantime, which nobody here needs to know.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
