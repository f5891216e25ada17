import { jobSettings } from './job-settings.js';

const s3 = {
  endpoint: 'https://s3.example.org',
  bucket: 'faces',
  pathStyle: true,
  credentials: { kind: 'folder', path: '/var/run/facehash/s3' },
  bucketMissing: 'make',
  timeoutMs: 15_000,
} as const;

describe('what training runs are told of the store', () => {
  it('is where it is, and no credentials, which they have in a file', () => {
    expect(jobSettings({ platformNamespace: 'platform', s3, s3CaConfigMap: undefined, trainerNats: undefined })).toEqual({
      platformNamespace: 'platform',
      storeEnvironment: {
        FACEHASH_S3_ENDPOINT: 'https://s3.example.org',
        FACEHASH_S3_BUCKET: 'faces',
        FACEHASH_S3_ADDRESSING: 'path',
        FACEHASH_S3_BUCKET_MISSING: 'refuse',
        FACEHASH_S3_TIMEOUT_SECONDS: '15',
      },
    });
  });

  it('is whose certificate it has, by the ConfigMap that they mount and not by the file of the operator', () => {
    const settings = jobSettings({
      platformNamespace: 'platform',
      s3: { ...s3, caFile: '/var/run/facehash/s3-ca/ca.crt' },
      s3CaConfigMap: 's3-authority',
      trainerNats: { servers: 'nats://nats:4222' },
    });
    expect(settings.storeAuthority).toEqual({ configMap: 's3-authority', key: 'ca.crt' });
    expect(settings.storeEnvironment).not.toHaveProperty('FACEHASH_S3_CA_FILE');
    expect(settings.nats).toEqual({ servers: 'nats://nats:4222' });
  });
});
