import { newApiKey } from '@facehash/facemodel';
import { seededRandom } from '@facehash/kernel';
import { loadConfig } from './config.js';

const enough = { FACEHASH_NETWORKS_DIR: '/networks' };

describe('the configuration', () => {
  it('listens on the ancestor’s port, on this machine only, and keeps its data in ./data', () => {
    expect(loadConfig(enough)).toMatchObject({
      port: 5000,
      host: '127.0.0.1',
      dataDir: './data',
      managementPort: undefined,
      trainWaitMs: 300_000,
    });
  });

  it('starts as many vision processes as there are CPUs to use', () => {
    expect(loadConfig(enough).vision.processes).toBeGreaterThanOrEqual(1);
  });

  it('reports everything that is wrong at once', () => {
    const read = () => loadConfig({ PORT: '70000', LOG_LEVEL: 'loud', FACEHASH_BOOTSTRAP_API_KEY: 'secret', SHUTDOWN_GRACE_SECONDS: '-1' });
    for (const name of [
      'PORT',
      'LOG_LEVEL',
      'FACEHASH_BOOTSTRAP_API_KEY',
      'FACEHASH_NETWORKS_DIR is not set: npm start',
      'SHUTDOWN_GRACE_SECONDS',
    ]) {
      expect(read).toThrow(name);
    }
    expect(read).not.toThrow('secret');
  });

  it('of one model alone is for a replica of several', () => {
    expect(() => loadConfig({ ...enough, FACEHASH_ONLY_MODEL: 'fm-0001-test' })).toThrow('FACEHASH_ONLY_MODEL is for a replica of several');
    expect(() => loadConfig({ ...enough, FACEHASH_ONLY_MODEL: 'Front Door' })).toThrow('FACEHASH_ONLY_MODEL must be a storage id');
    expect(loadConfig(enough)).toMatchObject({ onlyModel: undefined, rollout: undefined });
  });

  it('takes a whole API key for the first start and refuses one with a typing error', () => {
    const key = newApiKey(seededRandom(1));
    expect(loadConfig({ ...enough, FACEHASH_BOOTSTRAP_API_KEY: key }).bootstrapApiKey).toBe(key);
    const typo = `${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`;
    expect(() => loadConfig({ ...enough, FACEHASH_BOOTSTRAP_API_KEY: typo })).toThrow('is not a whole API key');
  });

  it('treats an empty variable as one that is not set', () => {
    expect(loadConfig({ ...enough, PORT: '', FACEHASH_BOOTSTRAP_API_KEY: '' }).port).toBe(5000);
  });

  it('kills itself at a checkpoint only where that is allowed', () => {
    expect(() => loadConfig({ ...enough, FACEHASH_CRASH_AT: 'photo.stored:2' })).toThrow('FACEHASH_ALLOW_CRASH_POINTS');
    expect(loadConfig({ ...enough, FACEHASH_CRASH_AT: 'photo.stored:2', FACEHASH_ALLOW_CRASH_POINTS: '1' }).crashAt).toBe('photo.stored:2');
  });

  it('notices variables that look like ours and are not', () => {
    expect(loadConfig({ ...enough, FACEHASH_DATADIR: '/x', FACEHASH_FACES: '/faces', HOME: '/root' }).unknownVariables).toEqual([
      'FACEHASH_DATADIR',
    ]);
  });

  it('hands the programs that it starts neither its settings nor its key', () => {
    const { childEnvironment } = loadConfig({
      ...enough,
      PATH: '/bin',
      FACEHASH_BOOTSTRAP_API_KEY: newApiKey(seededRandom(1)),
      PORT: '5001',
    });
    expect(childEnvironment).toEqual({ PATH: '/bin' });
  });

  it('says what is wrong with the description of a descriptor network, beside all else', () => {
    const read = () => loadConfig({ PORT: '70000', FACEHASH_DESCRIPTOR: '/nowhere.json', FACEHASH_DESCRIPTOR_PREVIOUS: '/neither.json' });
    for (const fault of ['PORT', 'FACEHASH_DESCRIPTOR /nowhere.json: cannot be read', 'FACEHASH_DESCRIPTOR_PREVIOUS /neither.json']) {
      expect(read).toThrow(fault);
    }
  });

  it('refuses a bound on all bodies that one body does not fit into', () => {
    expect(() => loadConfig({ ...enough, BODIES_BYTES_MAX: '2048', BODY_BYTES_MAX: '4096' })).toThrow('BODIES_BYTES_MAX must be twice');
  });

  it('sends traces only where it is told to, and refuses what is no address', () => {
    expect(loadConfig(enough).otlpEndpoint).toBeUndefined();
    expect(loadConfig({ ...enough, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' }).otlpEndpoint).toBe('http://localhost:4318');
    expect(() => loadConfig({ ...enough, OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' })).toThrow('OTEL_EXPORTER_OTLP_ENDPOINT must be');
  });

  it('lets a dozen images wait for each worker, and sixteen at least, unless it is told otherwise', () => {
    const queueMax = (env: Record<string, string>) => loadConfig({ ...enough, ...env }).vision.queueMax;
    expect(queueMax({ VISION_PROCESSES: '1' })).toBe(16);
    expect(queueMax({ VISION_PROCESSES: '4' })).toBe(48);
    expect(queueMax({ VISION_PROCESSES: '4', VISION_QUEUE_MAX: '0' })).toBe(0);
  });

  it('does not put health and the API on one management port', () => {
    expect(() => loadConfig({ ...enough, PORT: '8080', MANAGEMENT_PORT: '8080' })).toThrow('must differ from PORT');
  });
});

describe('the configuration of a cluster', () => {
  const stores = {
    FACEHASH_S3_ENDPOINT: 'https://s3.example.org',
    FACEHASH_S3_CREDENTIALS_DIR: '/secrets/s3',
    FACEHASH_MONGODB_URL: 'mongodb://db.example.org/facehash',
    FACEHASH_NATS_SERVERS: 'nats://nats.example.org',
  };
  const cluster = { ...enough, ...stores, FACEHASH_MODE: 'cluster' };

  it('is none on one machine, also where a store is named', () => {
    expect(loadConfig(enough)).toMatchObject({ mode: 'standalone', cluster: undefined });
    expect(loadConfig({ ...enough, ...stores }).cluster).toBeUndefined();
  });

  it.each(['cluster', 'lifecycle'])('%s tells every store that is missing at once, and what else is wrong', (mode) => {
    const read = () => loadConfig({ FACEHASH_MODE: mode, PORT: '70000' });
    for (const name of ['FACEHASH_S3_ENDPOINT', 'FACEHASH_MONGODB_URL', 'FACEHASH_NATS_SERVERS'])
      expect(read).toThrow(`${name} is not set, which FACEHASH_MODE=${mode} needs`);
    for (const name of ['PORT', 'FACEHASH_NETWORKS_DIR']) expect(read).toThrow(name);
  });

  it('tells what is wrong with a store, and no secret', () => {
    const given = { ...cluster, FACEHASH_MONGODB_URL: 'mongodb://ann:hidden@db/', FACEHASH_MONGODB_CREDENTIALS_DIR: '/secrets/db' };
    const read = () => loadConfig({ ...given, FACEHASH_S3_CREDENTIALS_DIR: '', FACEHASH_NATS_REPLICAS: '2' });
    for (const name of [
      'FACEHASH_S3_CREDENTIALS_DIR is not set',
      'FACEHASH_MONGODB_CREDENTIALS_DIR must be',
      'FACEHASH_NATS_REPLICAS must be',
    ])
      expect(read).toThrow(name);
    expect(read).not.toThrow('hidden');
  });

  it.each(['cluster', 'lifecycle'])('%s has health and metrics on port 5001 unless it is told otherwise', (mode) => {
    expect(loadConfig({ ...cluster, FACEHASH_MODE: mode }).managementPort).toBe(5001);
    expect(loadConfig({ ...cluster, FACEHASH_MODE: mode, MANAGEMENT_PORT: '9000' }).managementPort).toBe(9000);
  });

  it('holds the three stores, and who this replica is', () => {
    const config = loadConfig({ ...cluster, FACEHASH_REPLICA: '9b2f5e1c-0d1f-4c2a-8a54-0f5b8f6f2f11' });
    expect(config).toMatchObject({
      mode: 'cluster',
      replica: '9b2f5e1c-0d1f-4c2a-8a54-0f5b8f6f2f11',
      cluster: { s3: { bucket: 'facehash' }, mongo: { poolSize: 20 }, nats: { servers: ['nats://nats.example.org'] } },
    });
    expect(config.unknownVariables).toEqual([]);
    expect(() => loadConfig({ ...cluster, FACEHASH_REPLICA: 'a.b' })).toThrow('FACEHASH_REPLICA must be at most 63');
  });

  it('draws a name for a replica that was given none, which a key of NATS takes', () => {
    expect(loadConfig(cluster).replica).toMatch(/^[A-Za-z0-9_-]{1,63}$/);
  });
});
