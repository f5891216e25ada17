import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serverNames } from '@facehash/test-servers';
import { serversOrReason } from '../../support/servers.js';
import { inChart } from './helm.js';
import { customSchemas, kubernetesSchemas, type Kind } from './json-schemas.js';
import type { Manifest } from './manifests.js';

const TIMEOUT_MS = 60_000;
const OPEN_API = 'kubernetes-openapi-';
const openApis = serverNames.filter((name) => name.startsWith(OPEN_API));
const definitions = {
  'gateway-api-crds': ['standard/gateway.networking.k8s.io_httproutes.yaml'],
  'prometheus-operator-crds': [
    'monitoring.coreos.com_servicemonitors.yaml',
    'monitoring.coreos.com_podmonitors.yaml',
    'monitoring.coreos.com_prometheusrules.yaml',
  ],
};
const binaries = await serversOrReason(['kubeconform', ...Object.keys(definitions), ...openApis]);

/** Of Kubernetes, whose schemas there are. */
export const minors = openApis.map((name) => name.slice(OPEN_API.length));

/** Why this machine has no schemas, where it has none. */
export const noSchemas = typeof binaries === 'string' ? binaries : undefined;

/** Writes the schemas of some kinds for `faultsIn`, as each minor has them, into a folder of its name. */
export async function writeSchemas(folder: string, kinds: readonly Kind[]): Promise<void> {
  const brought = Object.entries(definitions).flatMap(([name, files]) => files.map((file) => join(pathOf(name), file)));
  const custom = await customSchemas([...brought, inChart('files/crd-facemodels.yaml')]);
  for (const minor of minors) {
    await mkdir(join(folder, minor));
    const kubernetes = await kubernetesSchemas(pathOf(`${OPEN_API}${minor}`));
    for (const kind of kinds) {
      const own = custom.find((each) => fileOf(each) === fileOf(kind));
      const schema = own ? kubernetes.custom(own.schema) : kubernetes.of(kind);
      if (schema) await writeFile(join(folder, minor, fileOf(kind)), JSON.stringify(schema));
    }
  }
}

/** Kubeconform names the group of what has none after the version. */
function fileOf({ group, version, kind }: Kind): string {
  return `${group === '' ? version : group}_${kind.toLowerCase()}_${version}.json`;
}

function pathOf(name: string): string {
  if (typeof binaries === 'string') throw new Error(binaries);
  return binaries[name] ?? '';
}

/** What is wrong with each of them by the schemas in `folder`. A kind without a schema is wrong, too. */
export async function faultsIn(objects: readonly Manifest[], folder: string): Promise<readonly string[]> {
  const schemas = join(folder, '{{.Group}}_{{.ResourceKind}}_{{.ResourceAPIVersion}}.json');
  const running = promisify(execFile)(pathOf('kubeconform'), ['-strict', '-output', 'json', '-schema-location', schemas], {
    timeout: TIMEOUT_MS,
    maxBuffer: 16 * 2 ** 20,
  });
  running.child.stdin?.end(objects.map((object) => `---\n${JSON.stringify(object)}\n`).join(''));
  const { stdout } = await running.catch((error: unknown) => error as { readonly stdout: string });
  const { resources } = JSON.parse(stdout) as { readonly resources: readonly Result[] | null };
  return (resources ?? []).map(({ kind, name, msg }) => `${kind} ${name}: ${msg}`);
}

/** Only of what is not valid. */
interface Result {
  readonly kind: string;
  readonly name: string;
  readonly msg: string;
}

export function kindsOf(objects: readonly Manifest[]): readonly Kind[] {
  const kinds = objects.map(({ apiVersion, kind }): [string, Kind] => {
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    return [`${apiVersion} ${kind}`, { group, version, kind }];
  });
  return [...new Map(kinds).values()];
}
