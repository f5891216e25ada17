import { collectDefaultMetrics, Registry } from 'prom-client';
import { loadConfig } from './config.js';
import { openManagement } from './management.js';

describe('the management port', () => {
  it('answers probes with reasons, and scrapes, and knows nothing else', async () => {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    let reasons: readonly string[] = [];
    const management = await openManagement({
      port: 0,
      host: '127.0.0.1',
      liveness: () => ({ ok: true, reasons: [] }),
      readiness: () => ({ ok: reasons.length === 0, reasons }),
      dependencies: () => ({ nats: { ok: false, why: 'connection refused' } }),
      registry,
    });
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${management.port}${path}`);
      return { status: response.status, body: await response.text() };
    };
    try {
      expect(await get('/health/live')).toEqual({ status: 200, body: '{"status":"ok"}' });
      // What is away is so for every operator: that one is ready all the same.
      expect(await get('/health/ready')).toEqual({ status: 200, body: '{"status":"ok","nats":{"ok":false,"why":"connection refused"}}' });
      expect((await get('/metrics')).body).toContain('process_cpu_seconds_total');
      expect((await get('/')).status).toBe(404);
      reasons = ['pods are not synced'];
      const notReady = await get('/health/ready');
      expect([notReady.status, notReady.body]).toEqual([503, expect.stringContaining('pods are not synced')]);
      expect((await get('/health/live')).status).toBe(200);
    } finally {
      await management.close();
      registry.clear();
    }
  });
});

const least = {
  FACEHASH_S3_ENDPOINT: 'http://minio:9000',
  FACEHASH_S3_CREDENTIALS_DIR: '/secrets/s3',
  FACEHASH_NATS_SERVERS: 'nats://nats:4222',
  FACEHASH_TRAINING_PROFILES_FILE: '/config/profiles.yaml',
};

describe('the configuration', () => {
  it('has defaults, and an empty variable is one that is not set', () => {
    expect(loadConfig({ ...least, MANAGEMENT_PORT: '' })).toMatchObject({
      managementPort: 9090,
      host: '0.0.0.0',
      platformNamespace: 'facehash',
      watchNamespace: undefined,
      runsMax: 2,
      pipeline: 'p1',
      log: { level: 'info', pretty: false },
    });
  });

  it('of trainers says where they reach NATS and what they are let in by', () => {
    expect(loadConfig(least).trainerNats).toBeUndefined();
    const servers = { ...least, FACEHASH_TRAINER_NATS_SERVERS: 'nats://a:4222, nats://b:4222' };
    expect(loadConfig(servers).trainerNats).toEqual({ servers: 'nats://a:4222,nats://b:4222' });
    const secret = { ...servers, FACEHASH_TRAINER_NATS_SECRET: 'nats-trainer', FACEHASH_TRAINER_NATS_CA_KEY: 'ca.crt' };
    expect(loadConfig(secret).trainerNats).toMatchObject({ secret: { name: 'nats-trainer', caKey: 'ca.crt' } });
    const { FACEHASH_TRAINER_NATS_SERVERS: _, ...nowhere } = secret;
    expect(() => loadConfig(nowhere)).toThrow('FACEHASH_TRAINER_NATS_SERVERS is not set, which FACEHASH_TRAINER_NATS_SECRET needs');
    const { FACEHASH_TRAINER_NATS_SECRET: _secret, ...keyless } = secret;
    expect(() => loadConfig(keyless)).toThrow('FACEHASH_TRAINER_NATS_SECRET is not set, in which FACEHASH_TRAINER_NATS_CA_KEY is a key');
  });

  it('says everything that is wrong with it at once', () => {
    const wrong = { ...least, MANAGEMENT_PORT: '70000', LOG_LEVEL: 'loud', FACEHASH_TRAINING_PROFILES_FILE: '' };
    for (const name of ['MANAGEMENT_PORT', 'LOG_LEVEL', 'FACEHASH_TRAINING_PROFILES_FILE is not set'])
      expect(() => loadConfig(wrong)).toThrow(name);
    for (const name of ['FACEHASH_S3_ENDPOINT', 'FACEHASH_NATS_SERVERS', 'FACEHASH_TRAINING_PROFILES_FILE'])
      expect(() => loadConfig({})).toThrow(`${name} is not set`);
  });
});
