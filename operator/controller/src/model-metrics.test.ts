import { readFile } from 'node:fs/promises';
import { watchStores } from '@facehash/observability';
import { parseKubernetesStatus, kubernetesStatusOf } from '@facehash/facemodel';
import { aStatus } from '@facehash/facemodel/testing';
import { Registry } from 'prom-client';
import { modelMetrics, type ModelFigures, type ModelMetrics } from './model-metrics.js';
import { documentedRows } from './testing/documented-rows.js';

const idle = { running: 0, parked: 0, waiting: 0, longestWaitSeconds: 0 };

function measured(figures: Partial<ModelFigures> = {}): { readonly registry: Registry; readonly metrics: ModelMetrics } {
  const registry = new Registry();
  return { registry, metrics: modelMetrics(registry, { models: () => [], queue: () => idle, runsMax: 2, ...figures }) };
}

function aModel(phase: 'Ready' | 'Degraded', stalledBy?: 'GateRefused') {
  const condition = { type: 'Stalled', message: 'm', observedGeneration: 1 } as const;
  const conditions = [
    stalledBy
      ? { ...condition, status: 'True' as const, reason: stalledBy }
      : { ...condition, status: 'False' as const, reason: 'UpToDate' as const },
  ];
  const facts = { previous: null, now: new Date(), jobName: null, queuePosition: null, apiKey: null };
  const parsed = parseKubernetesStatus(kubernetesStatusOf(aStatus('fm-1', { phase, conditions }), facts));
  if (!parsed.ok) throw new Error('the status of this test cannot be read');
  return { status: parsed.kubernetes };
}

describe('what is measured of FaceModels', () => {
  it('is how many are in each phase, and what stands in the way of how many', async () => {
    const models = [aModel('Ready'), aModel('Ready'), aModel('Degraded', 'GateRefused'), { status: null }];
    const text = await measured({ models: () => models }).registry.metrics();
    for (const line of [
      'facehash_models{phase="Ready"} 2',
      'facehash_models{phase="Degraded"} 1',
      'facehash_models{phase="New"} 1',
      'facehash_models{phase="Training"} 0',
      'facehash_models_stalled{reason="GateRefused"} 1',
      'facehash_models_stalled{reason="UpToDate"} 0',
    ])
      expect(text).toContain(line);
  });

  it('is who trains and who waits', async () => {
    const queue = () => ({ running: 2, parked: 1, waiting: 7, longestWaitSeconds: 90 });
    const text = await measured({ queue }).registry.metrics();
    for (const line of [
      'facehash_training_runs{state="running"} 2',
      'facehash_training_runs{state="waiting"} 7',
      'facehash_training_runs{state="parked"} 1',
      'facehash_training_runs_max 2',
      'facehash_training_wait_seconds 90',
    ])
      expect(text).toContain(line);
  });

  it('is how runs ended, how long they took, and why they made nothing', async () => {
    const { registry, metrics } = measured();
    metrics.ended({ outcome: { outcome: 'trained', version: 'v-1' }, seconds: 7 });
    metrics.ended({ outcome: { outcome: 'refused', code: 'VERSION_REFUSED', message: 'm' }, seconds: 30 });
    metrics.ended({ outcome: { outcome: 'failed', code: 'GPU_UNAVAILABLE', message: 'm', retryable: true }, seconds: 1 });
    const text = await registry.metrics();
    for (const line of [
      'facehash_training_run_duration_seconds_bucket{le="10",outcome="trained"} 1',
      'facehash_training_run_duration_seconds_count{outcome="refused"} 1',
      'facehash_training_run_duration_seconds_count{outcome="failed"} 1',
      'facehash_training_failures_total{code="VERSION_REFUSED"} 1',
      'facehash_training_failures_total{code="GPU_UNAVAILABLE"} 1',
    ])
      expect(text).toContain(line);
  });

  it('takes no code from a run that is none', async () => {
    const { registry, metrics } = measured();
    for (const code of ['per_ann', 'constructor'])
      metrics.ended({ outcome: { outcome: 'failed', code, message: 'm', retryable: false }, seconds: 1 });
    const text = await registry.metrics();
    expect(text).toContain('facehash_training_failures_total{code="OTHER"} 2');
    expect(text).not.toContain('per_ann');
  });

  it('is what became of versions', async () => {
    const { registry, metrics } = measured();
    const happened = (type: Parameters<ModelMetrics['happened']>[0]['type'], data = {}) => metrics.happened({ type, key: 'k', data });
    happened('dev.facehash.training.started', { run: 'r' });
    happened('dev.facehash.rollout.started');
    happened('dev.facehash.version.promoted');
    happened('dev.facehash.training.failed', { run: 'r', code: 'TRAINING_FAILED' });
    happened('dev.facehash.training.failed', { run: null, code: 'TRAINING_FAILED' });
    const changes = [...(await registry.metrics()).matchAll(/^facehash_version_changes_total\{change="(\w+)"\} (\d)$/gm)];
    expect(Object.fromEntries(changes.map(([, change, count]) => [change, Number(count)]))).toEqual({
      rollout_started: 1,
      promoted: 1,
      withdrawn: 0,
      taken_back: 1,
    });
  });

  it('is in docs/metrics.md, name by name, with types, labels and meanings', async () => {
    const { registry, metrics } = measured();
    watchStores(registry, () => ({ s3: true }));
    metrics.ended({ outcome: { outcome: 'refused', code: 'VERSION_REFUSED', message: 'm' }, seconds: 1 });
    const page = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    const [, ofModels = ''] = page.split('### FaceModels, training and stores');
    const documented = documentedRows(ofModels, /^\| `facehash_\w+` +\|/);
    expect([...documented].sort()).toEqual(exported(await registry.metrics()).sort());
  });
});

/** Name, type, labels and meaning of each metric in Prometheus' text. */
function exported(text: string): string[][] {
  return [...text.matchAll(/^# HELP (\w+) (.*)\n# TYPE \w+ (\w+)$/gm)].map(([, name = '', help = '', type = '']) => {
    const series = new RegExp(`^${name}(?:_sum)?(?:\\{(.*)\\})? `, 'm').exec(text)?.[1] ?? '';
    return [name, type, [...series.matchAll(/(\w+)="/g)].map(([, label = '']) => label).join(', '), help];
  });
}
