import { createMetrics } from '@facehash/observability';
import { loadConfig } from './config.js';
import { openManagement } from './management.js';

describe('the management port', () => {
  it('answers probes and scrapes, is not ready while it stops, and knows nothing else', async () => {
    const metrics = createMetrics();
    const management = await openManagement(metrics, { port: 0, host: '127.0.0.1' });
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${management.port}${path}`);
      return { status: response.status, body: await response.text() };
    };
    try {
      expect(await get('/health/live')).toEqual({ status: 200, body: '{"status":"ok"}' });
      expect(await get('/health/ready')).toEqual({ status: 200, body: '{"status":"ok"}' });
      expect((await get('/metrics')).body).toContain('process_cpu_seconds_total');
      expect((await get('/')).status).toBe(404);
      management.drain();
      expect((await get('/health/ready')).status).toBe(503);
      expect((await get('/health/live')).status).toBe(200);
    } finally {
      await management.close();
      metrics.close();
    }
  });
});

describe('the configuration', () => {
  it('has defaults, and an empty variable is one that is not set', () => {
    expect(loadConfig({ MANAGEMENT_PORT: '' })).toEqual({ managementPort: 9090, host: '0.0.0.0', log: { level: 'info', pretty: false } });
  });

  it('says everything that is wrong with it at once', () => {
    expect(() => loadConfig({ MANAGEMENT_PORT: '70000', LOG_LEVEL: 'loud' })).toThrow(/MANAGEMENT_PORT[^]*LOG_LEVEL/);
  });
});
