import { describeObjectStoreContract } from '@facehash/object-store-core/testing';
import { reasonAgainst, startServer } from '@facehash/test-servers';
import { Minio } from './testing/minio.js';

const reason = await reasonAgainst('minio');

describe('objects in S3', () => {
  if (reason !== undefined) it.skip(`are not tested: ${reason}`, () => undefined);
  else onMinio();
});

function onMinio(): void {
  let minio: Minio;
  beforeAll(async () => (minio = new Minio(await startServer('minio'))));
  afterAll(() => minio[Symbol.asyncDispose]());

  describeObjectStoreContract('MinIO', async () => {
    const store = await minio.open();
    return { store, close: () => store.close() };
  });
}
