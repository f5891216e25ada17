import { readFile } from 'node:fs/promises';
import { Registry } from 'prom-client';
import { runtimeMetrics } from '@facehash/operator-runtime';
import { promMetrics } from './prom-metrics.js';
import { documentedRows } from './testing/documented-rows.js';

describe('what the runtime measures', () => {
  it('is told to Prometheus under the names that dashboards of controllers ask for', async () => {
    const registry = new Registry();
    const metrics = promMetrics(registry);
    metrics.count('controller_runtime_reconcile_total', { controller: 'facemodel', result: 'success' });
    metrics.observe('controller_runtime_reconcile_time_seconds', { controller: 'facemodel' }, 0.2);
    let depth = 3;
    const unregister = metrics.gauge('workqueue_depth', { name: 'facemodel', controller: 'facemodel' }, () => depth);
    expect(await registry.metrics()).toContain('controller_runtime_reconcile_total{controller="facemodel",result="success"} 1');
    expect(await registry.metrics()).toContain('controller_runtime_reconcile_time_seconds_bucket{le="0.25",controller="facemodel"} 1');
    expect(await registry.metrics()).toContain('workqueue_depth{name="facemodel",controller="facemodel"} 3');
    depth = 4;
    expect(await registry.metrics()).toContain('workqueue_depth{name="facemodel",controller="facemodel"} 4');
    unregister();
    expect(await registry.metrics()).not.toContain('workqueue_depth{');
    for (const name of Object.keys(runtimeMetrics)) expect(await registry.metrics()).toContain(`# HELP ${name} `);
  });

  it('is in docs/metrics.md, name by name, with types, labels and meanings', async () => {
    const page = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    const [, ofOperator = ''] = page.split('## The operator');
    const [ofAnyController = ''] = ofOperator.split('### FaceModels, training and stores');
    const documented = documentedRows(ofAnyController, /^\| `\w+_\w+` +\|/);
    const measured = Object.entries(runtimeMetrics).map(([name, { kind, labels, help }]) => [name, kind, labels.join(', '), help]);
    expect(documented).toEqual(measured);
  });
});
