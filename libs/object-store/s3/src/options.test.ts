import { join } from 'node:path';
import { FaceHashError } from '@facehash/kernel';
import { temporaryFolder } from '@facehash/testing';
import { checkOptions, type S3Options } from './options.js';

const sound: S3Options = {
  endpoint: 'https://s3.example.org',
  bucket: 'facehash',
  credentials: { kind: 'static', accessKeyId: 'id', secretAccessKey: 'a-secret' },
};

const roleArn = 'arn:aws:iam::123456789012:role/facehash-training';

describe('options of objects in S3', () => {
  it('are filled in', async () => {
    expect(await checkOptions(sound)).toMatchObject({
      ...{ tls: true, host: 's3.example.org', port: 443, bucket: 'facehash', region: 'us-east-1', pathStyle: true },
      ...{ ca: undefined, bucketMissing: 'refuse', timeoutMs: 30_000 },
    });
    expect(await checkOptions({ ...sound, endpoint: 'http://127.0.0.1' })).toMatchObject({ tls: false, port: 80 });
    expect(await checkOptions({ ...sound, endpoint: 'http://127.0.0.1:9000/' })).toMatchObject({ port: 9000 });
  });

  it('ask the store itself for credentials of runs, unless another gives them', async () => {
    const own = { tls: true, host: 's3.example.org', port: 443 };
    expect((await checkOptions(sound)).sts).toEqual({ address: own, roleArn: undefined, sessionSecondsMax: 604_800 });
    expect((await checkOptions({ ...sound, sts: { roleArn } })).sts).toEqual({ address: own, roleArn, sessionSecondsMax: 3600 });
    const elsewhere = { endpoint: 'https://sts.eu-west-1.amazonaws.com', roleArn, sessionSecondsMax: 43_200 };
    expect((await checkOptions({ ...sound, sts: elsewhere })).sts).toEqual({
      address: { tls: true, host: 'sts.eu-west-1.amazonaws.com', port: 443 },
      roleArn,
      sessionSecondsMax: 43_200,
    });
  });

  it.each<[string, Partial<S3Options>]>([
    ['endpoint', { endpoint: 's3.example.org' }],
    ['endpoint', { endpoint: 'ftp://s3.example.org' }],
    ['endpoint', { endpoint: 'https://s3.example.org/bucket' }],
    ['endpoint', { endpoint: 'https://id:a-secret@s3.example.org' }],
    ['bucket', { bucket: 'ab' }],
    ['bucket', { bucket: 'Faces' }],
    ['bucket', { bucket: '../faces' }],
    ['credentials', { credentials: { kind: 'static', accessKeyId: '', secretAccessKey: 'a-secret' } }],
    ['credentials', { credentials: { kind: 'folder', path: '' } }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: Number.NaN }],
    ['sts.endpoint', { sts: { endpoint: 'https://sts.example.org/?Action=AssumeRole' } }],
    ['sts.roleArn', { sts: { roleArn: 'arn:aws:iam::123456789012:user/ann' } }],
    ['sts.sessionSecondsMax', { sts: { sessionSecondsMax: 60 } }],
    ['caFile', { caFile: join('/', 'no', 'such', 'file') }],
  ])('are refused for what is wrong with the %s: %j', async (name, wrong) => {
    const refused = checkOptions({ ...sound, ...wrong });
    await expect(refused).rejects.toMatchObject({ code: 'REQUEST_INVALID', details: { problems: [expect.stringContaining(`${name}: `)] } });
    const thrown = await refused.catch((error: unknown) => error);
    expect(JSON.stringify(thrown)).not.toContain('a-secret');
  });

  it('are refused for all that is wrong at once', async () => {
    await using folder = await temporaryFolder();
    const wrong = { endpoint: '', bucket: '', timeoutMs: -1, caFile: folder.path };
    const thrown = await checkOptions({ ...sound, ...wrong }).catch((error: unknown) => error);
    const problems = thrown instanceof FaceHashError ? thrown.details['problems'] : [];
    expect(String(problems)).toMatch(/^endpoint: .*,bucket: .*,timeoutMs: .*,caFile: /);
  });
});
