import { createMetrics } from './metrics.js';

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
    let restarts = 0;
    metrics.watchVisionPool(() => ({ workers: 2, busy: 1, waiting: 5, restarts }));
    restarts = 3;
    const text = await metrics.render();
    for (const line of [
      'facehash_vision_pool_workers 2',
      'facehash_vision_pool_busy 1',
      'facehash_vision_pool_waiting 5',
      'facehash_vision_pool_restarts_total 3',
    ]) {
      expect(text).toContain(line);
    }
    expect(await metrics.render()).toContain('facehash_vision_pool_restarts_total 3');
  });

  it('time the stages of the work', async () => {
    const metrics = createMetrics();
    metrics.observeStage('vision', 0.011);
    expect(await metrics.render()).toContain('facehash_stage_duration_seconds_sum{stage="vision"} 0.011');
  });

  it('tell of the process itself, and of nothing else when two are made', async () => {
    const [one, two] = [createMetrics(), createMetrics()];
    one.observeStage('vision', 1);
    expect(await one.render()).toContain('process_resident_memory_bytes');
    expect(await two.render()).not.toContain('stage="vision"');
    one.close();
    expect(await one.render()).toBe('\n');
  });
});
