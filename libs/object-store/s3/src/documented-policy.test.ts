import { readFile } from 'node:fs/promises';
import { reasonAgainst, startServer } from '@facehash/test-servers';
import { AssumeRoleProvider } from 'minio/dist/esm/AssumeRoleProvider.mjs';
import { openS3ObjectStore, type S3ObjectStore, type S3Options } from './index.js';
import { Minio } from './testing/minio.js';

const reason = await reasonAgainst('minio');
const data = new TextEncoder().encode('data');
const denied = { code: 'STORE_UNAVAILABLE', details: { why: 'S3 answered 403 AccessDenied' } };

describe('the policy in docs/stores.md', () => {
  if (reason !== undefined) it.skip(`is not tested: ${reason}`, () => undefined);
  else onMinio();
});

function onMinio(): void {
  let minio: Minio;
  let options: S3Options;
  let owner: S3ObjectStore;
  let store: S3ObjectStore;

  beforeAll(async () => {
    minio = new Minio(await startServer('minio'));
    options = minio.options();
    owner = await openS3ObjectStore(options);
    await owner.create('model/photos/1', data);
    store = await openS3ObjectStore({ ...options, bucketMissing: 'refuse', credentials: await narrowed(minio, options.bucket) });
  });
  afterAll(async () => {
    await Promise.all([owner.close(), store.close()]);
    await minio[Symbol.asyncDispose]();
  });

  it('is enough for all that inference and the lifecycle do with objects, also with large ones', async () => {
    expect((await store.read('model/photos/1'))?.bytes).toEqual(data);
    expect(await store.create('model/parts/1', data)).toBe('created');
    expect(await store.create('model/parts/1', data)).toBe('exists');
    expect(await store.create('model/parts/large', new Uint8Array(17 * 1024 * 1024))).toBe('created');
    const revision = await store.replace('model/active.json', data, null);
    expect(await store.replace('model/active.json', data, null)).toBeUndefined();
    expect(await store.replace('model/active.json', data, revision ?? null)).toBeDefined();
    const listed: string[] = [];
    for await (const { key } of store.list('model/parts/')) listed.push(key);
    expect(listed).toEqual(['model/parts/1', 'model/parts/large']);
    await store.remove('model/parts/large');
    expect(await store.read('model/parts/large')).toBeUndefined();
    expect(store.health()).toMatchObject({ ok: true });
  });

  it('is not enough for another bucket, nor to make one', async () => {
    const other = await openS3ObjectStore({
      ...options,
      bucket: `${options.bucket}-other`,
      credentials: await narrowed(minio, options.bucket),
    });
    await expect(other.create('model/parts/1', data)).rejects.toMatchObject(denied);
    await other.close();
  });
}

/** Those of the server's owner, narrowed to what the page allows. */
async function narrowed(minio: Minio, bucket: string): Promise<S3Options['credentials']> {
  const page = await readFile(new URL('../../../../docs/stores.md', import.meta.url), 'utf8');
  const policy = /```json\n(\{\s+"Version".*?)```/s.exec(page)?.[1]?.replaceAll(':::facehash', `:::${bucket}`) ?? '';
  const { accessKeyId: accessKey, secretAccessKey: secretKey } = minio.credentials;
  const provider = new AssumeRoleProvider({ stsEndpoint: minio.url.origin, accessKey, secretKey, durationSeconds: 900, policy });
  const {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
  } = (await provider.performRequest()).AssumeRoleResponse.AssumeRoleResult.Credentials;
  return { kind: 'static', accessKeyId, secretAccessKey, sessionToken };
}
