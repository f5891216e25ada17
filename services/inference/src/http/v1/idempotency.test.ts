import { apiKey, testApi, type TestApi } from '../../testing/api.js';
import { photoBytes } from '../../testing/photos.js';

describe('the header idempotency-key', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await testApi();
  });
  afterEach(() => api[Symbol.asyncDispose]());

  const post = async (url: string, key: string, payload: string | Buffer = '{"name":"Ann"}', type = 'application/json') => {
    const headers = { 'x-api-key': apiKey, 'content-type': type, 'idempotency-key': key };
    const response = await api.app.inject({ method: 'POST', url, headers, payload });
    return { status: response.statusCode, headers: response.headers, body: response.json<Record<string, unknown>>() };
  };

  it('gives the first answer again instead of a conflict', async () => {
    const first = await post('/v1/people', 'k-1');
    expect([first.status, first.headers['idempotency-replayed']]).toEqual([201, undefined]);
    const again = await post('/v1/people', 'k-1');
    expect([again.status, again.body, again.headers['location']]).toEqual([201, first.body, first.headers['location']]);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await post('/v1/people', 'k-2')).status).toBe(409);
  });

  it('gives the first answer for photos, without looking at them again', async () => {
    const { body } = await post('/v1/people', 'k-1');
    const url = `/v1/people/${String(body['id'])}/photos`;
    const first = await post(url, 'k-2', photoBytes(), 'image/jpeg');
    const looked = api.analyser.calls.length;
    const again = await post(url, 'k-2', photoBytes(), 'image/jpeg');
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(api.analyser.calls).toHaveLength(looked);
    expect((await post(url, 'k-3', photoBytes(), 'image/jpeg')).body).toMatchObject({ photos: [{ outcome: 'duplicate' }] });
  });

  it('is refused for another address, and when it is none', async () => {
    const { body } = await post('/v1/people', 'k-1');
    const reused = await post(`/v1/people/${String(body['id'])}/photos`, 'k-1', photoBytes(), 'image/jpeg');
    expect(reused).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
    for (const key of ['', 'with space', 'k'.repeat(256)])
      expect(await post('/v1/people', key)).toMatchObject({ status: 400, body: { errors: [{ path: 'idempotency-key' }] } });
  });

  it('is forgotten with whom the answer told of', async () => {
    const { body } = await post('/v1/people', 'k-1');
    const headers = { 'x-api-key': apiKey };
    const removed = await api.app.inject({ method: 'DELETE', url: `/v1/people/${String(body['id'])}`, headers });
    expect(removed.statusCode).toBeLessThan(300);
    const again = await post('/v1/people', 'k-1');
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([201, undefined]);
    expect(again.body['id']).not.toBe(body['id']);
  });

  it('is forgotten with them by every replica, whichever took the erasure', async () => {
    const { body } = await post('/v1/people', 'k-1');
    await using other = await testApi({ beside: api });
    const told = Promise.withResolvers<undefined>();
    api.ports.names.onGone(() => told.resolve(undefined));
    const removed = await other.app.inject({ method: 'DELETE', url: `/v1/people/${String(body['id'])}`, headers: { 'x-api-key': apiKey } });
    expect(removed.statusCode).toBeLessThan(300);
    await told.promise;
    const again = await post('/v1/people', 'k-1');
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([201, undefined]);
    expect(again.body['id']).not.toBe(body['id']);
  });

  it('keeps no failure', async () => {
    expect((await post('/v1/people', 'k-1', '{"name":""}')).status).toBe(400);
    expect((await post('/v1/people', 'k-1')).status).toBe(201);
  });
});
