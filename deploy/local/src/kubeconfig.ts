import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HolderName } from './certificates.js';

/** The cluster's name in kubeconfigs, and the context's. */
const name = 'facehash-local';

/** A kubeconfig as JSON, which is YAML, with everything that it needs inside, so that it can be copied. */
export async function writeKubeconfig(path: string, options: { pki: string; holder: HolderName; server: string }): Promise<void> {
  const read = async (file: string) => (await readFile(join(options.pki, file))).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: options.server, 'certificate-authority-data': await read('ca.crt') } }],
    users: [
      {
        name: options.holder,
        user: {
          'client-certificate-data': await read(`${options.holder}.crt`),
          'client-key-data': await read(`${options.holder}.key`),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: options.holder } }],
    'current-context': name,
  };
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}
