import { z } from 'zod';
import {
  mongoFaults,
  mongoSettings,
  mongoVariables,
  natsFaults,
  natsSettings,
  natsVariables,
  s3Environment,
  s3Faults,
  s3Settings,
  s3Variables,
} from './index.js';

const s3 = z.object(s3Variables);
const mongo = z.object(mongoVariables);
const nats = z.object(natsVariables);
const endpoint = { FACEHASH_S3_ENDPOINT: 'https://s3.example.org' };
const pair = { FACEHASH_S3_ACCESS_KEY_ID: 'id', FACEHASH_S3_SECRET_ACCESS_KEY: 'secret' };
const named = (faults: readonly (readonly [PropertyKey, string])[]): readonly PropertyKey[] => faults.map(([name]) => name);

describe('the settings of an object store', () => {
  it('are none without an endpoint', () => {
    expect(s3Settings(s3.parse({}))).toBeUndefined();
    expect(s3Faults(s3.parse({}))).toEqual([]);
  });

  it('take credentials from a folder, or from two variables, and never from both', () => {
    const folder = { ...endpoint, FACEHASH_S3_CREDENTIALS_DIR: '/secrets' };
    expect(s3Settings(s3.parse(folder))).toMatchObject({
      bucket: 'facehash',
      pathStyle: true,
      credentials: { kind: 'folder', path: '/secrets' },
    });
    expect(s3Settings(s3.parse({ ...endpoint, ...pair }))).toMatchObject({ credentials: { kind: 'static', accessKeyId: 'id' } });
    expect(named(s3Faults(s3.parse(folder)))).toEqual([]);
    expect(named(s3Faults(s3.parse({ ...endpoint, ...pair })))).toEqual([]);
    expect(named(s3Faults(s3.parse({ ...folder, ...pair })))).toEqual(['FACEHASH_S3_ACCESS_KEY_ID']);
    expect(named(s3Faults(s3.parse({ ...endpoint, FACEHASH_S3_ACCESS_KEY_ID: 'id' })))).toEqual(['FACEHASH_S3_CREDENTIALS_DIR']);
  });

  it('can be told to another program, with credentials of its own', () => {
    const settings = s3Settings(s3.parse({ ...endpoint, ...pair, FACEHASH_S3_ADDRESSING: 'virtual-host', FACEHASH_S3_REGION: 'north' }));
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' };
    expect(settings && s3Settings(s3.parse(s3Environment(settings, credentials)))).toEqual({
      ...settings,
      credentials: { kind: 'static', ...credentials },
      bucketMissing: 'refuse',
    });
  });

  it('say who gives credentials of training runs, and not to the runs', () => {
    const sts = {
      FACEHASH_S3_STS_ENDPOINT: 'https://sts.eu-west-1.amazonaws.com',
      FACEHASH_S3_STS_ROLE_ARN: 'arn:aws:iam::123456789012:role/training',
      FACEHASH_S3_STS_SESSION_SECONDS_MAX: '43200',
    };
    const settings = s3Settings(s3.parse({ ...endpoint, ...pair, ...sts }));
    expect(settings?.sts).toEqual({
      endpoint: sts.FACEHASH_S3_STS_ENDPOINT,
      roleArn: sts.FACEHASH_S3_STS_ROLE_ARN,
      sessionSecondsMax: 43_200,
    });
    const told = settings && s3Environment(settings, { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' });
    expect(Object.keys(told ?? {}).filter((name) => name.includes('STS'))).toEqual([]);
  });

  it.each(['ftp://s3', 's3', ''])('refuse the endpoint %j', (value) => {
    expect(s3.safeParse({ FACEHASH_S3_ENDPOINT: value }).success).toBe(false);
  });

  it.each(['ab', 'A-bucket', '-bucket', 'bucket-'])('refuse the bucket %j', (value) => {
    expect(s3.safeParse({ FACEHASH_S3_BUCKET: value }).success).toBe(false);
  });
});

describe('the settings of a registry', () => {
  it('take credentials from the address or from a folder, and never from both', () => {
    const url = 'mongodb://ann:secret@db.example.org/facehash';
    expect(mongoSettings(mongo.parse({}))).toBeUndefined();
    expect(mongoSettings(mongo.parse({ FACEHASH_MONGODB_URL: url }))).toEqual({ url, timeoutMs: 10_000, poolSize: 20 });
    expect(mongoFaults(mongo.parse({ FACEHASH_MONGODB_URL: url }))).toEqual([]);
    const both = mongo.parse({ FACEHASH_MONGODB_URL: url, FACEHASH_MONGODB_CREDENTIALS_DIR: '/secrets' });
    expect(named(mongoFaults(both))).toEqual(['FACEHASH_MONGODB_CREDENTIALS_DIR']);
  });

  it('refuse what is no address of MongoDB', () => {
    expect(mongo.safeParse({ FACEHASH_MONGODB_URL: 'http://db' }).success).toBe(false);
  });
});

describe('the settings of messaging', () => {
  it('name one or more servers', () => {
    expect(natsSettings(nats.parse({}))).toBeUndefined();
    const settings = natsSettings(nats.parse({ FACEHASH_NATS_SERVERS: 'nats://a:4222, tls://b' }));
    expect(settings).toEqual({ servers: ['nats://a:4222', 'tls://b'], replicas: 1, setup: 'make', timeoutMs: 5000 });
  });

  it('take credentials of one kind', () => {
    const both = nats.parse({ FACEHASH_NATS_CREDENTIALS_DIR: '/secrets', FACEHASH_NATS_CREDS_FILE: '/user.creds' });
    expect(named(natsFaults(both))).toEqual(['FACEHASH_NATS_CREDS_FILE']);
  });

  it.each(['http://a', 'nats://user:secret@a:4222', 'nats://a,,nats://b'])('refuse the servers %j', (value) => {
    expect(nats.safeParse({ FACEHASH_NATS_SERVERS: value }).success).toBe(false);
  });

  it('name where answers arrive, for a user who may listen there alone', () => {
    const given = { FACEHASH_NATS_SERVERS: 'nats://a', FACEHASH_NATS_INBOX_PREFIX: '_INBOX_inference' };
    expect(natsSettings(nats.parse(given))).toMatchObject({ inboxPrefix: '_INBOX_inference' });
    for (const value of ['a b', 'a.>', '*', 'a.'])
      expect(nats.safeParse({ ...given, FACEHASH_NATS_INBOX_PREFIX: value }).success).toBe(false);
  });

  it.each(['0', '2', '1.5', 'many'])('refuse %j replicas', (value) => {
    expect(nats.safeParse({ FACEHASH_NATS_REPLICAS: value }).success).toBe(false);
  });
});
