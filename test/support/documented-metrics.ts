import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { checkout } from './documents.js';

/** By name of a series, as Prometheus keeps it, its labels but for those that a scrape adds. */
export type KnownSeries = ReadonlyMap<string, ReadonlySet<string>>;

/** What the programs export: docs/metrics.md, which tests beside the programs compare with them, and what prom-client measures of any process. */
export async function exportedSeries(): Promise<KnownSeries> {
  const page = await readFile(join(checkout, 'docs/metrics.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (counter|gauge|histogram) +\| ([^|]*) \|/gm)];
  const ours = rows.flatMap(([, name = '', type = '', labels = '']) =>
    seriesOf(
      name,
      type,
      [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label),
    ),
  );
  return new Map([...(await ofAnyProcess()), ...ours]);
}

function seriesOf(name: string, type: string, labels: readonly string[]): [string, ReadonlySet<string>][] {
  if (type !== 'histogram') return [[name, new Set(labels)]];
  return [
    [`${name}_bucket`, new Set([...labels, 'le'])],
    [`${name}_sum`, new Set(labels)],
    [`${name}_count`, new Set(labels)],
  ];
}

async function ofAnyProcess(): Promise<[string, ReadonlySet<string>][]> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const text = await registry.metrics();
  registry.clear();
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? /gm)].map(([, name = '', labels = '']) => [
    name,
    new Set([...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)),
  ]);
}
