import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { httpsStatus } from './https-status.js';
import type { Place, ServerDefinition } from './server-process.js';

/**
 * Those that make objects of objects, and take them away with their owner or namespace. None that looks after nodes or after pods of nodes
 * that are gone: here are none, and tests play them.
 */
const controllers = ['job', 'deployment', 'replicaset', 'namespace', 'serviceaccount', 'garbage-collector', 'disruption'].map(
  (name) => `${name}-controller`,
);

export interface ControllerManagerOptions {
  /** Of a user who may do everything. */
  readonly kubeconfig: string;
  readonly signingKey: string;
}

/** Kubernetes' own controllers, beside an API server. */
export function controllerManager({ kubeconfig, signingKey }: ControllerManagerOptions): ServerDefinition {
  return {
    name: 'The controller manager',
    ports: ['health'],
    prepare: ({ folder, port }) =>
      Promise.resolve({
        args: [
          `--kubeconfig=${kubeconfig}`,
          `--controllers=${controllers.join(',')}`,
          `--service-account-private-key-file=${signingKey}`,
          '--bind-address=127.0.0.1',
          `--secure-port=${port('health')}`,
          `--cert-dir=${folder}`,
          '--leader-elect=false',
          // A test that deletes an owner waits for what it owned.
          '--concurrent-gc-syncs=5',
        ],
      }),
    healthy: async (place, signal) => (await httpsStatus(urlOf(place), { ca: await certificateOf(place), signal })) === 200,
  };
}

function urlOf({ port }: Place): string {
  return `https://127.0.0.1:${port('health')}/healthz`;
}

/** It makes one for itself. */
function certificateOf({ folder }: Place): Promise<string> {
  return readFile(join(folder, 'kube-controller-manager.crt'), 'utf8');
}
