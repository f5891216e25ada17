import { availableParallelism } from 'node:os';
import { builtInConstants } from '@facehash/classifier-core';
import { loadConfig } from './config.js';

const run = {
  v: 1,
  run: 'run-1',
  storageId: 'model-1',
  snapshot: 1,
  version: 'v-000000000000',
  pipeline: 'p1',
  hyperparameters: { hiddenUnits: [64], epochs: 60, batchSize: 32, learningRate: 0.001, dropout: 0.2, l2: 0.0001, seed: 1 },
  accelerator: null,
  falseAcceptTarget: 0.01,
  quarantined: [],
  gateMode: 'Enforce',
  activeVersion: null,
  deadlineSeconds: 1800,
};
const least = { FACEHASH_RUN: JSON.stringify(run), FACEHASH_OBJECTS_DIR: '/data/objects', FACEHASH_NETWORKS_DIR: '/networks' };

describe('the configuration', () => {
  it('needs the run and two folders, and has a default for the rest', () => {
    expect(loadConfig(least)).toEqual({
      run,
      objects: { folder: '/data/objects' },
      nats: undefined,
      networksDir: '/networks',
      visionWorker: expect.stringMatching(/services\/vision-worker\/dist\/main\.js$/),
      visionProcesses: availableParallelism(),
      backend: { name: 'wasm' },
      pipeline: { id: 'p1', descriptorLength: 128, constants: builtInConstants },
      descriptor: undefined,
      terminationMessage: undefined,
      exitWithParent: false,
      childEnvironment: {},
      log: { level: 'info', pretty: false },
    });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ ...least, FACEHASH_TERMINATION_MESSAGE: '', FACEHASH_EXIT_WITH_PARENT: '' })).toEqual(loadConfig(least));
  });

  it('of NATS says where it is and how to be let in', () => {
    const given = { ...least, FACEHASH_NATS_SERVERS: 'tls://nats:4222', FACEHASH_NATS_CREDENTIALS_DIR: '/nats' };
    const auth = { kind: 'password-folder', path: '/nats' };
    expect(loadConfig(given).nats).toEqual({ servers: ['tls://nats:4222'], auth });
    expect(() => loadConfig({ ...given, FACEHASH_NATS_CREDS_FILE: '/creds' })).toThrow('FACEHASH_NATS_CREDS_FILE must be left out');
  });

  it('of native TensorFlow says where it was built and what it is to run on', () => {
    const given = { ...least, FACEHASH_TFJS_BACKEND: 'tensorflow', FACEHASH_TENSORFLOW_DIR: '/addon' };
    expect(loadConfig(given).backend).toEqual({ name: 'tensorflow', addonDir: '/addon', device: 'auto' });
    expect(loadConfig({ ...given, FACEHASH_TENSORFLOW_DEVICE: 'gpu' }).backend).toMatchObject({ device: 'gpu' });
    expect(loadConfig({ ...given, FACEHASH_TFJS_BACKEND: 'cpu' }).backend).toEqual({ name: 'cpu' });
  });

  it.each([
    ['FACEHASH_RUN', undefined, 'is not set'],
    ['FACEHASH_RUN', '{"run":', 'is not JSON'],
    ['FACEHASH_RUN', JSON.stringify({ ...run, snapshot: 0 }), 'FACEHASH_RUN.snapshot'],
    ['FACEHASH_OBJECTS_DIR', undefined, 'is not set'],
    ['FACEHASH_S3_ENDPOINT', 'http://127.0.0.1:9000', 'must be left out beside FACEHASH_S3_ENDPOINT'],
    ['FACEHASH_S3_ENDPOINT', 'http://127.0.0.1:9000', 'FACEHASH_S3_CREDENTIALS_DIR is not set'],
    ['FACEHASH_S3_ENDPOINT', 'http://127.0.0.1:9000', 'must be left out beside FACEHASH_S3_ENDPOINT'],
    ['FACEHASH_S3_ENDPOINT', 'http://127.0.0.1:9000', 'FACEHASH_S3_CREDENTIALS_DIR is not set'],
    ['FACEHASH_NETWORKS_DIR', undefined, 'npm start'],
    ['FACEHASH_VISION_PROCESSES', '0', 'FACEHASH_VISION_PROCESSES'],
    ['FACEHASH_TFJS_BACKEND', 'cuda', 'FACEHASH_TFJS_BACKEND'],
    ['FACEHASH_TFJS_BACKEND', 'tensorflow', 'FACEHASH_TENSORFLOW_DIR is not set'],
    ['FACEHASH_TENSORFLOW_DEVICE', 'tpu', 'FACEHASH_TENSORFLOW_DEVICE'],
    ['FACEHASH_EXIT_WITH_PARENT', 'yes', 'must be 1'],
  ])('with %s = %s says so', (name, value, expected) => {
    expect(() => loadConfig({ ...least, [name]: value })).toThrow(expected);
  });

  it('reports everything that is wrong at once', () => {
    for (const name of ['FACEHASH_RUN', 'FACEHASH_OBJECTS_DIR', 'FACEHASH_NETWORKS_DIR']) expect(() => loadConfig({})).toThrow(name);
    expect(() => loadConfig({ FACEHASH_TFJS_BACKEND: 'tensorflow' })).toThrow(/FACEHASH_RUN[^]*FACEHASH_TENSORFLOW_DIR/);
  });
});
