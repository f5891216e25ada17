import { Registry } from 'prom-client';
import { runtimeMetrics } from '@facehash/operator-runtime';
import { promMetrics } from './prom-metrics.js';

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
});
