import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { serverBinaries } from './build.js';
import { singleServers } from './definitions.js';
import { launch, type Place, type ServerDefinition } from './server-process.js';
import { secret } from './single-server.js';
import { detailsOf, type RunningServer, type StartOptions } from './start-server.js';

/** A kubeconfig in this variable is used as it is: nothing is built, started or stopped. */
export const kubeconfigVariable = 'FACEHASH_TEST_KUBECONFIG';

export interface ApiServer extends RunningServer {
  /** Path of a kubeconfig whose user may do everything. */
  readonly kubeconfig: string;
}

/**
 * A real API server on a real etcd, without controllers, scheduler and nodes: objects are checked, stored and watched as in any cluster,
 * and nothing acts on them. Ready in seconds.
 */
export async function startApiServer(options: StartOptions = {}): Promise<ApiServer> {
  const given = (options.env ?? process.env)[kubeconfigVariable];
  if (given !== undefined && given !== '') return givenApiServer(given);
  const { etcd = '', 'kube-apiserver': program = '' } = await serverBinaries(['etcd', 'kube-apiserver'], options);
  const storeDefinition = singleServers.etcd();
  const store = await launch(storeDefinition, { ...options, program: etcd });
  try {
    const token = secret();
    const server = await launch(apiServer(storeDefinition.url(store.place), token), { ...options, program });
    const kubeconfig = await writeKubeconfig(server.place, token);
    const stop = async (): Promise<void> => {
      await server.stop().finally(() => store.stop());
    };
    return { kind: 'kube-apiserver', url: urlOf(server.place), kubeconfig, process: detailsOf(server), stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await store.stop();
    throw error;
  }
}

function apiServer(etcdUrl: string, token: string): ServerDefinition {
  return {
    name: 'The API server',
    ports: ['api'],
    async prepare({ folder, port }) {
      const [tokens, key, publicKey] = ['tokens.csv', 'service-accounts.key', 'service-accounts.pub'].map((name) => join(folder, name));
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      await writeFile(tokens ?? '', `${token},admin,admin,system:masters\n`, { mode: 0o600 });
      await writeFile(key ?? '', pair.privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
      await writeFile(publicKey ?? '', pair.publicKey.export({ type: 'spki', format: 'pem' }));
      return {
        args: [
          `--etcd-servers=${etcdUrl}`,
          '--bind-address=127.0.0.1',
          '--advertise-address=127.0.0.1',
          `--secure-port=${port('api')}`,
          // It makes a certificate for itself there, with an authority of its own.
          `--cert-dir=${certificatesOf(folder)}`,
          '--service-cluster-ip-range=10.0.0.0/24',
          '--service-account-issuer=https://kubernetes.default.svc',
          `--service-account-signing-key-file=${key ?? ''}`,
          `--service-account-key-file=${publicKey ?? ''}`,
          '--authorization-mode=RBAC',
          `--token-auth-file=${tokens ?? ''}`,
          // Nobody makes service accounts here, so pods must do without.
          '--disable-admission-plugins=ServiceAccount',
          '--allow-privileged=true',
          '--endpoint-reconciler-type=none',
        ],
      };
    },
    healthy: async (place, signal) => (await statusOf(`${urlOf(place)}/readyz`, { place, token, signal })) === 200,
  };
}

function urlOf({ port }: Place): string {
  return `https://127.0.0.1:${port('api')}`;
}

function certificatesOf(folder: string): string {
  return join(folder, 'certificates');
}

function authorityOf({ folder }: Place): Promise<string> {
  return readFile(join(certificatesOf(folder), 'apiserver.crt'), 'utf8'); // its own certificate, followed by that of its authority
}

async function statusOf(url: string, { place, token, signal }: { place: Place; token: string; signal: AbortSignal }): Promise<number> {
  const ca = await authorityOf(place);
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca, headers: { authorization: `Bearer ${token}` }, agent: false, signal }, (response) => {
      response.resume().on('error', reject);
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });
}

/** JSON is YAML too. */
async function writeKubeconfig(place: Place, token: string): Promise<string> {
  const authority = Buffer.from(await authorityOf(place)).toString('base64');
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: urlOf(place), 'certificate-authority-data': authority } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
  const path = join(place.folder, 'kubeconfig');
  await writeFile(path, `${JSON.stringify(kubeconfig, undefined, 2)}\n`, { mode: 0o600 });
  return path;
}

async function givenApiServer(kubeconfig: string): Promise<ApiServer> {
  const url = /["']?server["']?:\s*["']?(https?:[^\s"']+)/.exec(await readFile(kubeconfig, 'utf8'))?.[1] ?? '';
  const stop = (): Promise<void> => Promise.resolve();
  return { kind: 'kube-apiserver', url, kubeconfig, stop, [Symbol.asyncDispose]: stop };
}
