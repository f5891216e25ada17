import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkout } from './documents.js';

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** Where a rule holds: with FaceModels, in the release's namespace, there for workloads, and of the whole cluster. */
export type Place = 'models' | 'platform' | 'workloads' | 'cluster';

/** What the operator may do, as the chart's file has it. */
export async function operatorRules(): Promise<Readonly<Record<Place, readonly Rule[]>>> {
  const text = await readFile(join(checkout, 'charts/facehash/files/operator-rbac.yaml'), 'utf8');
  return parse(text) as Readonly<Record<Place, readonly Rule[]>>;
}
