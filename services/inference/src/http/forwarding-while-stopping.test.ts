import { eventually } from '@facehash/testing';
import { apiKey, storageId } from '../testing/api.js';
import { Doors } from '../testing/doors.js';
import { base64Of, photoBytes } from '../testing/photos.js';

const doors = new Doors();
afterEach(() => doors[Symbol.asyncDispose]());

const train = (url: string) =>
  fetch(`${url}/${apiKey}/train`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'Ann', images: [base64Of(photoBytes(1)), 'no base64!'] }),
  });

describe('a front door that stops', () => {
  it('answers 202 to a /train whose photos the pods keep, as they would themselves', async () => {
    const pods = await doors.listening({ dedicated: true, limits: { trainWaitMs: 60_000 } });
    const door = await doors.frontDoor(pods.url);
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
    const pods = await doors.played(
      (_, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hi\n\nid: ha'),
    );
    const door = await doors.frontDoor(pods.url);
    const response = await fetch(`${door.url}/v1/events`, { headers: { 'x-api-key': apiKey } });
    const text = response.text();
    door.readiness.drain();
    expect(await text).toMatch(/^(: hi\n\n)?$/);
    expect(response.headers.get('connection')).toBe('close');
  });

  it('refuses what the pods have not answered shortly before it cuts the rest', async () => {
    const asked = Promise.withResolvers<undefined>();
    const pods = await doors.played(() => asked.resolve(undefined));
    const door = await doors.frontDoor(pods.url, { limits: { shutdownGraceMs: 200 } });
    const answer = train(door.url);
    await asked.promise;
    door.readiness.drain();
    const response = await answer;
    expect([response.status, await response.json()]).toMatchObject([503, { trainingSuccess: 0, code: 'SHUTTING_DOWN' }]);
  });
});
