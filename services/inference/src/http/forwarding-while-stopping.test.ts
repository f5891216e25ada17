import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@facehash/testing';
import { apiKey, storageId, testApi, type TestApiOptions } from '../testing/api.js';
import { base64Of, photoBytes } from '../testing/photos.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function listening(options: TestApiOptions = {}) {
  const api = await testApi(options);
  open.push(api);
  await api.app.listen(0, '127.0.0.1');
  return Object.assign(api, { url: (await api.app.getUrl()).replace('[::1]', '127.0.0.1') });
}

async function frontDoor(route: string, options: TestApiOptions = {}) {
  const api = await listening(options);
  await api.publish({ route });
  return api;
}

async function played(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const train = (url: string) =>
  fetch(`${url}/${apiKey}/train`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'Ann', images: [base64Of(photoBytes(1)), 'no base64!'] }),
  });

describe('a front door that stops', () => {
  it('answers 202 to a /train whose photos the pods keep, as they would themselves', async () => {
    const pods = await listening({ dedicated: true, limits: { trainWaitMs: 60_000 } });
    const door = await frontDoor(pods.url);
    const answer = train(door.url);
    await eventually(async () => (await pods.registry.counter(storageId)) >= 1);
    door.readiness.drain();
    const response = await answer;
    expect([response.status, response.headers.get('location'), response.headers.get('connection')]).toEqual([202, '/v1/model', 'close']);
    const body: unknown = await response.json();
    const own = train(pods.url);
    await eventually(async () => (await pods.registry.counter(storageId)) >= 2);
    pods.readiness.drain();
    expect(body).toEqual(await (await own).json());
    expect(body).toMatchObject({ trainingSuccess: 0, accepted: 1, rejected: [{ index: 1, code: 'IMAGE_UNREADABLE' }] });
  });

  it('ends streams of events between two of them', async () => {
    const pods = await played(
      (_, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hi\n\nid: ha'),
    );
    const door = await frontDoor(pods);
    const response = await fetch(`${door.url}/v1/events`, { headers: { 'x-api-key': apiKey } });
    const text = response.text();
    door.readiness.drain();
    expect(await text).toMatch(/^(: hi\n\n)?$/);
    expect(response.headers.get('connection')).toBe('close');
  });

  it('refuses what the pods have not answered shortly before it cuts the rest', async () => {
    const asked = Promise.withResolvers<undefined>();
    const pods = await played(() => asked.resolve(undefined));
    const door = await frontDoor(pods, { limits: { shutdownGraceMs: 200 } });
    const answer = train(door.url);
    await asked.promise;
    door.readiness.drain();
    const response = await answer;
    expect([response.status, await response.json()]).toMatchObject([503, { trainingSuccess: 0, code: 'SHUTTING_DOWN' }]);
  });
});
