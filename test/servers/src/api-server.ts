import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serverBinaries } from './build.js';
import { controllerManager } from './controller-manager.js';
import { singleServers } from './definitions.js';
import { httpsStatus } from './https-status.js';
import { launch, type Place, type ServerDefinition, type ServerProcess } from './server-process.js';
import { secret } from './single-server.js';
import { detailsOf, type RunningServer, type ServerDetails, type StartOptions } from './start-server.js';

/** A kubeconfig in this variable is used as it is: nothing is built, started or stopped. */
export const kubeconfigVariable = 'FACEHASH_TEST_KUBECONFIG';

export interface ApiServer extends RunningServer {
  /** Path of a kubeconfig whose user may do everything. */
  readonly kubeconfig: string;
  /** Not there unless it was asked for and started here. */
  readonly controllerManager?: ServerDetails;
  /** Where its etcd is, without credentials. Not there unless it was started here. */
  readonly etcdUrl?: string;
  /** Path of the audit log: one event of `audit.k8s.io/v1` a line, written before the call is answered. Not there unless it was asked for and started here. */
  readonly auditLog?: string;
}

export interface ApiServerOptions extends StartOptions {
  /** Starts Kubernetes' own controllers beside it: of Jobs, Deployments, ReplicaSets, namespaces, service accounts, and the collector of what lost its owner. */
  readonly controllerManager?: boolean;
  /** Writes down who made which call and how it was answered; no body, and so no secret. */
  readonly audit?: boolean;
  /** False: each watch and each list is etcd's own, as the API server remembers nothing. */
  readonly watchCache?: false;
}

/**
 * A real API server on a real etcd, without scheduler and nodes and, unless asked for, without controllers: objects are checked, stored and
 * watched as in any cluster, and nothing acts on them. Ready in seconds.
 */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const given = (options.env ?? process.env)[kubeconfigVariable];
  if (given !== undefined && given !== '') return givenApiServer(given);
  const programs = await serverBinaries(['etcd', 'kube-apiserver', 'kube-controller-manager'], options);
  const started: ServerProcess[] = [];
  const start = async (definition: ServerDefinition, program: string): Promise<ServerProcess> => {
    const server = await launch(definition, { ...options, program: programs[program] ?? '' });
    started.push(server);
    return server;
  };
  // The last one first: none must see the one that it needs go.
  const stop = async (): Promise<void> => {
    for (const server of started.splice(0).reverse()) await server.stop();
  };
  try {
    const storeDefinition = singleServers.etcd();
    const store = await start(storeDefinition, 'etcd');
    const etcdUrl = storeDefinition.url(store.place);
    const token = secret();
    const server = await start(
      apiServer({ etcdUrl, token, audit: options.audit === true, watchCache: options.watchCache ?? true }),
      'kube-apiserver',
    );
    const kubeconfig = await writeKubeconfig(server.place, token);
    const controllers =
      options.controllerManager === true ? await start(controllersOf(server.place, kubeconfig), 'kube-controller-manager') : undefined;
    return {
      kind: 'kube-apiserver',
      url: urlOf(server.place),
      kubeconfig,
      etcdUrl,
      process: detailsOf(server),
      ...(controllers && { controllerManager: detailsOf(controllers) }),
      ...(options.audit === true && { auditLog: auditLogOf(server.place) }),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function controllersOf({ folder }: Place, kubeconfig: string): ServerDefinition {
  return controllerManager({ kubeconfig, signingKey: signingKeyOf(folder) });
}

interface ApiServerSettings {
  readonly etcdUrl: string;
  /** Of the administrator. */
  readonly token: string;
  readonly audit: boolean;
  readonly watchCache: boolean;
}

function apiServer({ etcdUrl, token, audit, watchCache }: ApiServerSettings): ServerDefinition {
  return {
    name: 'The API server',
    ports: ['api'],
    async prepare(place) {
      const { folder, port } = place;
      const [tokens, key, publicKey] = [join(folder, 'tokens.csv'), signingKeyOf(folder), join(folder, 'service-accounts.pub')];
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      await writeFile(tokens, `${token},admin,admin,system:masters\n`, { mode: 0o600 });
      await writeFile(key, pair.privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
      await writeFile(publicKey, pair.publicKey.export({ type: 'spki', format: 'pem' }));
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
          `--service-account-signing-key-file=${key}`,
          `--service-account-key-file=${publicKey}`,
          '--authorization-mode=RBAC',
          `--token-auth-file=${tokens}`,
          // Nobody makes service accounts here, or a moment later only, so pods must do without.
          '--disable-admission-plugins=ServiceAccount',
          '--allow-privileged=true',
          '--endpoint-reconciler-type=none',
          `--watch-cache=${watchCache}`,
          ...(audit ? await auditArguments(place) : []),
        ],
      };
    },
    healthy: async (place, signal) =>
      (await httpsStatus(`${urlOf(place)}/readyz`, { ca: await authorityOf(place), token, signal })) === 200,
  };
}

/** What comes in is written down once it is answered; a watch also when it begins, as it may outlast the test. */
async function auditArguments(place: Place): Promise<readonly string[]> {
  const policy = join(place.folder, 'audit-policy.json');
  const rules = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'], rules: [{ level: 'Metadata' }] };
  await writeFile(policy, JSON.stringify(rules));
  return [`--audit-policy-file=${policy}`, `--audit-log-path=${auditLogOf(place)}`, '--audit-log-mode=blocking'];
}

function auditLogOf({ folder }: Place): string {
  return join(folder, 'audit.log');
}

function urlOf({ port }: Place): string {
  return `https://127.0.0.1:${port('api')}`;
}

function certificatesOf(folder: string): string {
  return join(folder, 'certificates');
}

/** What signs the tokens of service accounts. */
function signingKeyOf(folder: string): string {
  return join(folder, 'service-accounts.key');
}

function authorityOf({ folder }: Place): Promise<string> {
  return readFile(join(certificatesOf(folder), 'apiserver.crt'), 'utf8'); // its own certificate, followed by that of its authority
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
