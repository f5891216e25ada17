import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTrainingProfiles } from '@facehash/operator-reconcilers';
import { parse } from 'yaml';
import { checkout } from '../support/documents.js';
import { noHelm, render, type Values } from './support/helm.js';
import { named } from './support/manifests.js';
import { valueSets } from './support/value-sets.js';

const read = (path: string): Promise<string> => readFile(join(checkout, path), 'utf8');

describe('values of the chart that the examples and the pages about operation name', () => {
  if (noHelm !== undefined) it.skip(`are not rendered: ${noHelm}`, () => undefined);
  else rendered();

  it.each(['docs/operate.md', 'docs/runbooks.md', 'deploy/monitoring/README.md', 'deploy/examples/facemodels/stadium.yaml'])(
    'are there: %s',
    async (page) => {
      const values = parse(await read('charts/facehash/values.yaml')) as Values;
      const sections = [
        'crds',
        'dedicated',
        'images',
        'inference',
        'ingress',
        'networkPolicy',
        'operator',
        'serviceMonitor',
        'alerts',
        'dashboard',
        'stores',
      ];
      const pattern = new RegExp(`\\b(?:${sections.join('|')})(?:\\.[A-Za-z]\\w*)+`, 'g');
      const files = /\.(?:md|yaml|json|ts)$/;
      const paths = new Set([...(await read(page)).matchAll(pattern)].map(([path]) => path).filter((path) => !files.test(path)));
      expect(paths.size).toBeGreaterThan(0);
      expect([...paths].filter((path) => !isIn(values, path.split('.')))).toEqual([]);
    },
  );
});

function rendered(): void {
  it.each(['kueue', 'gpu-node-pool'])(
    'are taken by the chart, and become training profiles that the operator reads: %s',
    async (example) => {
      const { training } = parse(await read(`deploy/examples/${example}/values.yaml`)) as {
        training: { profiles: Record<string, object> };
      };
      const objects = await render({ ...valueSets.evaluation, training });
      const { data } = named(objects, 'ConfigMap', 'facehash-training') as unknown as { data: Readonly<Record<string, string>> };
      const parsed = parseTrainingProfiles(parse(data['profiles.yaml'] ?? ''));
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
      for (const [name, { gpu: _, ...profile }] of Object.entries(training.profiles) as [string, { gpu?: boolean }][])
        expect(parsed.profiles[name]).toMatchObject(profile);
      expect(parsed.profiles['gpu']?.image).toMatch(/trainer-gpu:/);
    },
  );
}

/** Labels and the like are free. */
function isIn(values: unknown, [first = '', ...rest]: readonly string[]): boolean {
  if (typeof values !== 'object' || values === null || !Object.hasOwn(values, first)) return first === 'release';
  return rest.length === 0 || isIn((values as Values)[first], rest);
}
