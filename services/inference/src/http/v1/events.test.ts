import { anEvent } from '@facehash/messaging-core/testing';
import { apiKey, storageId, testApi, unknownKey, type TestApi } from '../../testing/api.js';

describe('GET /v1/events', () => {
  let api: TestApi;
  let url: string;
  let hangUp: AbortController;
  beforeEach(async () => {
    api = await testApi();
    await api.app.listen(0, '127.0.0.1');
    url = await api.app.getUrl();
    hangUp = new AbortController();
  });
  afterEach(async () => {
    hangUp.abort();
    api.readiness.drain();
    await api[Symbol.asyncDispose]();
  });

  const listen = (headers: Record<string, string> = {}) =>
    fetch(`${url}/v1/events`, { headers: { 'x-api-key': apiKey, ...headers }, signal: hangUp.signal });

  const until = async (response: Response, needle: string): Promise<string> => {
    let text = '';
    if (!response.body) throw new Error('no body');
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream()).values({ preventCancel: true })) {
      text += chunk;
      if (text.includes(needle)) return text;
    }
    return text;
  };

  it('streams what happens to the model of the key, and only that', async () => {
    const response = await listen();
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    await api.messaging.events.publish(anEvent('other', { subject: 'another-model' }));
    await api.messaging.events.publish(anEvent('mine', { subject: storageId }));
    const text = await until(response, 'data: ');
    expect(text).toContain('id: mine\n');
    expect(text).not.toContain('another-model');
  });

  it('resumes by the header last-event-id', async () => {
    for (const id of ['1', '2']) await api.messaging.events.publish(anEvent(id, { subject: storageId }));
    expect(await until(await listen({ 'last-event-id': '1' }), 'data: ')).toContain('id: 2\n');
    expect(await until(await listen({ 'last-event-id': 'x' }), 'data: ')).toContain('event: reset\n');
  });

  it('ends when the replica stops, which waits for nothing else', async () => {
    const response = await listen();
    api.readiness.drain();
    await api.app.close();
    expect(await until(response, 'never')).toContain('retry');
  });

  it('refuses strangers, and more streams than the key may have', async () => {
    expect((await listen({ 'x-api-key': unknownKey })).status).toBe(401);
    await Promise.all([listen(), listen()]);
    const refused = await listen();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await refused.json()).toMatchObject({ code: 'RATE_LIMITED', detail: expect.stringContaining('2') as string });
  });
});
