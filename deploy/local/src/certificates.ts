import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { apiServiceAddress, clusterDomain, nodeAddress, nodeName } from './addresses.js';

const run = promisify(execFile);
const daysValid = 30;
const timeoutMs = 20_000;

interface Holder {
  /** Kubernetes takes the common name for the user and the organisation for its group. */
  readonly commonName: string;
  readonly organisation?: string;
  readonly names?: readonly string[];
}

const apiNames = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${clusterDomain}`, 'localhost'];
const onNode = [`IP:${nodeAddress}`, 'IP:127.0.0.1', `DNS:${nodeName}`, 'DNS:localhost'];

/** Everyone who shows a certificate: as the server that it is, and as a user of the API. */
const holders = {
  apiserver: {
    commonName: 'kube-apiserver',
    names: [`IP:${nodeAddress}`, `IP:${apiServiceAddress}`, 'IP:127.0.0.1', ...apiNames.map((name) => `DNS:${name}`)],
  },
  /** What the API server shows to the kubelet. */
  'apiserver-kubelet-client': { commonName: 'kube-apiserver-kubelet-client', organisation: 'system:masters' },
  admin: { commonName: 'kubernetes-admin', organisation: 'system:masters' },
  'controller-manager': { commonName: 'system:kube-controller-manager', names: onNode },
  scheduler: { commonName: 'system:kube-scheduler', names: onNode },
  proxy: { commonName: 'system:kube-proxy' },
  kubelet: { commonName: `system:node:${nodeName}`, organisation: 'system:nodes', names: onNode },
  coredns: { commonName: 'facehash:coredns' },
  traefik: { commonName: 'facehash:traefik' },
  storage: { commonName: 'facehash:storage' },
  policies: { commonName: 'facehash:policies' },
} as const satisfies Readonly<Record<string, Holder>>;

export type HolderName = keyof typeof holders;

/** Writes `<name>.crt` and `<name>.key` of every holder, the authority's, and the key that service account tokens are signed with. */
export async function writeCertificates(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ca = ['-x509', '-subj', '/CN=facehash-local-cluster', '-keyout', 'ca.key', '-out', 'ca.crt'];
  await openssl(folder, ['req', ...newKey, ...ca, '-days', String(daysValid), '-addext', 'keyUsage=critical,keyCertSign']);
  // The API server takes an elliptic key for its own public one in this form alone.
  const tokens = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'sec1', format: 'pem' });
  await writeFile(join(folder, 'service-accounts.key'), tokens, { mode: 0o600 });
  await Promise.all(Object.entries(holders).map(([name, holder]) => writeCertificate(folder, name, holder)));
}

/** Elliptic curves: a key takes no time, where ten of RSA's take seconds. */
const curve = 'ec_paramgen_curve:P-256';
const newKey = ['-newkey', 'ec', '-pkeyopt', curve, '-nodes', '-sha256'];

async function writeCertificate(folder: string, name: string, { commonName, organisation, names = [] }: Holder): Promise<void> {
  const settings = ['[req]', 'distinguished_name=subject', 'prompt=no', '[subject]'];
  if (organisation !== undefined) settings.push(`O=${organisation}`);
  settings.push(`CN=${commonName}`, '[extensions]', 'basicConstraints=CA:FALSE', 'extendedKeyUsage=serverAuth,clientAuth');
  if (names.length > 0) settings.push(`subjectAltName=${names.join(',')}`);
  await writeFile(join(folder, `${name}.cnf`), `${settings.join('\n')}\n`, { mode: 0o600 });
  const files = ['-config', `${name}.cnf`, '-extensions', 'extensions', '-keyout', `${name}.key`, '-out', `${name}.crt`];
  await openssl(folder, ['req', '-x509', '-CA', 'ca.crt', '-CAkey', 'ca.key', ...newKey, ...files, '-days', String(daysValid)]);
}

async function openssl(cwd: string, args: readonly string[]): Promise<void> {
  await run('openssl', args, { cwd, timeout: timeoutMs });
}
