import { describeObjectStoreContract } from '@facehash/object-store-core/testing';
import { Minio, reasonAgainstMinio } from './testing/minio.js';

const reason = await reasonAgainstMinio();

describe('objects in S3', () => {
  if (reason !== undefined) it.skip(`are not tested: ${reason}`, () => undefined);
  else onMinio();
});

function onMinio(): void {
  let minio: Minio;
  beforeAll(async () => (minio = await Minio.start()));
  afterAll(() => minio[Symbol.asyncDispose]());

  describeObjectStoreContract('MinIO', async () => {
    const store = await minio.open();
    return { store, close: () => store.close() };
  });
}
