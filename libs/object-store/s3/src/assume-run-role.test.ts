import { reasonAgainst, startServer } from '@facehash/test-servers';
import { assumeRunRole, openS3ObjectStore, type S3ObjectStore, type S3Options } from './index.js';
import { Minio, until } from './testing/minio.js';

const reason = await reasonAgainst('minio');
const data = new TextEncoder().encode('data');
const denied = { code: 'STORE_UNAVAILABLE', details: { why: 'S3 answered 403 AccessDenied' } };

describe('credentials of one training run', () => {
  if (reason !== undefined) it.skip(`are not tested: ${reason}`, () => undefined);
  else onMinio();
});

function onMinio(): void {
  let minio: Minio;
  let options: S3Options;
  let owner: S3ObjectStore;
  let run: S3ObjectStore;
  beforeAll(async () => {
    minio = new Minio(await startServer('minio'));
    options = minio.options();
    owner = await openS3ObjectStore(options);
    for (const key of ['mine/samples/1.json', 'other/samples/1.json', 'mine2/samples/1.json']) await owner.create(key, data);
    const credentials = await assumeRunRole(options, { storageId: 'mine', durationSeconds: 900 });
    expect(credentials.expiresAt.getTime()).toBeGreaterThan(Date.now() + 800_000);
    run = await openS3ObjectStore({ ...options, credentials });
  });
  afterAll(async () => {
    await Promise.all([owner.close(), run.close()]);
    await minio[Symbol.asyncDispose]();
  });

  it('read, write, list and clear away what is the model’s, also what is large', async () => {
    expect((await run.read('mine/samples/1.json'))?.bytes).toEqual(data);
    expect(await run.create('mine/parts/1', data)).toBe('created');
    expect(await run.create('mine/parts/large', new Uint8Array(17 * 1024 * 1024))).toBe('created');
    expect(await run.replace('mine/pointer', data, null)).toBeDefined();
    const listed: string[] = [];
    for await (const { key } of run.list('mine/parts/')) listed.push(key);
    expect(listed).toEqual(['mine/parts/1', 'mine/parts/large']);
    await run.remove('mine/parts/1');
    expect(await run.read('mine/parts/1')).toBeUndefined();
  });

  it.each(['other', 'mine2'])('are refused everything of the model %s', async (model) => {
    await expect(run.read(`${model}/samples/1.json`)).rejects.toMatchObject(denied);
    await expect(run.create(`${model}/parts/1`, data)).rejects.toMatchObject(denied);
    await expect(run.replace(`${model}/active.json`, data, null)).rejects.toMatchObject(denied);
    await expect(run.remove(`${model}/samples/1.json`)).rejects.toMatchObject(denied);
    await expect(run.list(`${model}/`)[Symbol.asyncIterator]().next()).rejects.toMatchObject(denied);
    expect((await owner.read(`${model}/samples/1.json`))?.bytes).toEqual(data);
  });

  it('are refused a listing of all', async () => {
    await expect(run.list('')[Symbol.asyncIterator]().next()).rejects.toMatchObject(denied);
  });

  it('do not make the store look ill', async () => {
    const fresh = await openS3ObjectStore({
      ...options,
      credentials: await assumeRunRole(options, { storageId: 'mine', durationSeconds: 900 }),
    });
    await until(() => fresh.health().ok);
    await fresh.close();
  });

  it('are given to nobody who is not known', async () => {
    const stranger: S3Options = { ...options, credentials: { kind: 'static', accessKeyId: 'nobody', secretAccessKey: 'guess-guess' } };
    const asked = assumeRunRole(stranger, { storageId: 'mine', durationSeconds: 900 });
    await expect(asked).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { why: expect.stringMatching(/^STS refused: \w+/) } });
  });

  it('are those of a role that is named', async () => {
    const sts = { roleArn: 'arn:aws:iam::123456789012:role/facehash-training', sessionSecondsMax: 900 };
    const credentials = await assumeRunRole({ ...options, sts }, { storageId: 'mine', durationSeconds: 7200 });
    expect(credentials.expiresAt.getTime()).toBeLessThan(Date.now() + 1_000_000);
    await using named = new AsyncDisposableStack();
    const store = named.adopt(await openS3ObjectStore({ ...options, credentials }), (opened) => opened.close());
    expect((await store.read('mine/samples/1.json'))?.bytes).toEqual(data);
  });

  it.each([
    ['../mine', 900],
    ['mine/samples', 900],
    ['*', 900],
    ['mine', 60],
  ])('are not asked for where the request cannot be right: %s, %d s', async (storageId, durationSeconds) => {
    await expect(assumeRunRole(options, { storageId, durationSeconds })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('are waited for until a signal aborts', async () => {
    const enough = new Error('enough');
    const nowhere = { ...options, endpoint: 'http://127.0.0.1:9' };
    const stop = new AbortController();
    const asked = assumeRunRole(nowhere, { storageId: 'mine', durationSeconds: 900 }, stop.signal);
    stop.abort(enough);
    await expect(asked).rejects.toBe(enough);
  });
}
