import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serversOrReason } from '../../support/servers.js';
import { parseManifests, type Manifest } from './manifests.js';

export type Values = Readonly<Record<string, unknown>>;

export const RELEASE = 'facehash';
/** Of the release. */
export const NAMESPACE = 'platform';

const TIMEOUT_MS = 60_000;
const chart = new URL('../../../charts/facehash/', import.meta.url);
const binaries = await serversOrReason(['helm']);

/** Why this machine has no Helm, where it has none. */
export const noHelm = typeof binaries === 'string' ? binaries : undefined;

/** Of a file of the chart. */
export function inChart(path: string): string {
  return fileURLToPath(new URL(path, chart));
}

interface RenderOptions {
  readonly release?: string;
  /** Of the cluster that it would be installed on. */
  readonly kubeVersion?: string;
  /** Left out: the chart as it lies here. */
  readonly chart?: string;
}

/** What `helm install` would make, hooks included. Rejects with what Helm complains of. */
export async function render(
  values: Values,
  { release = RELEASE, kubeVersion, chart: from = inChart('.') }: RenderOptions = {},
): Promise<readonly Manifest[]> {
  const cluster = kubeVersion === undefined ? [] : ['--kube-version', kubeVersion];
  return parseManifests(await helm(['template', release, '--namespace', NAMESPACE, ...cluster, '--values', '-', from], values));
}

/** Resolves where nothing is worth a warning. */
export async function lint(values: Values): Promise<string> {
  return helm(['lint', '--strict', '--namespace', NAMESPACE, '--values', '-', inChart('.')], values);
}

/** What Helm says against them. */
export async function refusalOf(values: Values, options?: RenderOptions): Promise<string> {
  try {
    await render(values, options);
  } catch (error) {
    return (error as { stderr?: string }).stderr ?? String(error);
  }
  throw new Error('it was rendered');
}

async function helm(args: readonly string[], values: Values): Promise<string> {
  if (typeof binaries === 'string') throw new Error(binaries);
  // Its caches and plugins are nobody's here.
  const options = { timeout: TIMEOUT_MS, maxBuffer: 16 * 2 ** 20, env: { PATH: process.env['PATH'], HOME: tmpdir() } };
  const running = promisify(execFile)(binaries['helm'] ?? '', args, options);
  // Which is YAML, too, and none in which `off` is no text.
  running.child.stdin?.end(JSON.stringify(values));
  return (await running).stdout;
}
