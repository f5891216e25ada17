import { readFile } from 'node:fs/promises';
import { createMetrics } from './metrics.js';

const figures = {
  workers: 2,
  busy: 1,
  waiting: { recognition: 5, enrolment: 0 },
  refused: { recognition: { full: 0, late: 0 }, enrolment: { full: 0, late: 7 } },
  replaced: {},
  condemned: 1,
  rssBytes: [100, 200],
};

describe('metrics', () => {
  it('count requests by route template and status', async () => {
    const metrics = createMetrics();
    metrics.observeHttp({ method: 'POST', route: '/{apiKey}', status: 200, seconds: 0.015 });
    metrics.observeHttp({ method: 'POST', route: '/{apiKey}', status: 200, seconds: 0.03 });
    const text = await metrics.render();
    expect(text).toContain('facehash_http_request_duration_seconds_count{method="POST",route="/{apiKey}",status="200"} 2');
    expect(text).toContain('facehash_http_request_duration_seconds_bucket{le="0.02",method="POST",route="/{apiKey}",status="200"} 1');
  });

  it('read the vision pool when they are asked for', async () => {
    const metrics = createMetrics();
    let crash = 0;
    metrics.watchVisionPool(() => ({ ...figures, replaced: { crash, memory: 1 } }));
    crash = 3;
    const text = await metrics.render();
    for (const line of [
      'facehash_vision_pool_workers 2',
      'facehash_vision_pool_busy 1',
      'facehash_vision_queue_length{lane="recognition"} 5',
      'facehash_vision_refused_total{lane="enrolment",reason="late"} 7',
      'facehash_vision_worker_restarts_total{reason="crash"} 3',
      'facehash_vision_worker_resident_memory_bytes{worker="1"} 200',
    ]) {
      expect(text).toContain(line);
    }
    expect(await metrics.render()).toContain('facehash_vision_worker_restarts_total{reason="crash"} 3');
  });

  it('tell of what was found from the start on, so that a rate sees the first of each', async () => {
    const metrics = createMetrics();
    metrics.countRecognition('unknown');
    const text = await metrics.render();
    expect(text).toContain('facehash_recognitions_total{outcome="unknown"} 1');
    expect(text).toContain('facehash_recognitions_total{outcome="known"} 0');
  });

  it('forget a store and a condition that nobody tells of any more', async () => {
    const metrics = createMetrics();
    let stores: Readonly<Record<string, boolean>> = { s3: true, nats: false };
    metrics.watchStores(() => stores);
    expect(await metrics.render()).toContain('facehash_store_reachable{store="nats"} 0');
    stores = { s3: true };
    const text = await metrics.render();
    expect(text).toContain('facehash_store_reachable{store="s3"} 1');
    expect(text).not.toContain('nats');
  });

  it('time the stages of the work', async () => {
    const metrics = createMetrics();
    metrics.observeStage('decode', 0.011);
    expect(await metrics.render()).toContain('facehash_stage_duration_seconds_sum{stage="decode"} 0.011');
  });

  it('tell of the process itself, and of nothing else when two are made', async () => {
    const [one, two] = [createMetrics(), createMetrics()];
    one.observeStage('vision', 1);
    expect(await one.render()).toContain('process_resident_memory_bytes');
    expect(await two.render()).not.toContain('stage="vision"');
    one.close();
    expect(await one.render()).toBe('\n');
  });

  it('are those of docs/metrics.md, name by name, with their types, labels and meanings', async () => {
    const metrics = createMetrics();
    metrics.watchVisionPool(() => ({ ...figures, replaced: { crash: 1 } }));
    metrics.watchReadiness(() => ({ vision: true }));
    metrics.watchStores(() => ({ s3: true }));
    metrics.watchErasures(() => ({ masking: 0, erasing: 0, oldestSeconds: 0 }));
    metrics.observeHttp({ method: 'POST', route: '/', status: 200, seconds: 1 });
    metrics.observeStage('decode', 1);
    metrics.observeQueueWait('recognition', 1);
    const page = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    expect(documented(page)).toEqual(ours(await metrics.render()));
  });
});

interface Row {
  readonly name: string;
  readonly type: string;
  readonly labels: string;
  readonly help: string;
}

/** The rows of the first table: that of a replica. */
function documented(page: string): readonly Row[] {
  const [ofReplica = ''] = page.split('## The operator');
  const rows = ofReplica.split('\n').filter((line) => line.startsWith('| `facehash_'));
  return rows
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, name = '', type = '', labels = '', help = '']) => ({ name: unquoted(name), type, labels: unquoted(labels), help }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function unquoted(cell: string): string {
  return cell.replaceAll('`', '');
}

/** What Prometheus' text says of each of our metrics. */
function ours(text: string): readonly Row[] {
  const names = [...text.matchAll(/^# HELP (facehash_\w+) (.*)$/gm)];
  return names
    .map(([, name = '', help = '']) => {
      const type = new RegExp(`^# TYPE ${name} (\\w+)$`, 'm').exec(text)?.[1] ?? '';
      const series = new RegExp(`^${name}(?:_sum)?(?:\\{(.*)\\})? `, 'm').exec(text)?.[1] ?? '';
      const labels = [...series.matchAll(/(\w+)="/g)].map(([, label]) => label).join(', ');
      return { name, type, labels, help };
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}
