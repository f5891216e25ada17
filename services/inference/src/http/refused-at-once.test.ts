import { systemClock } from '@facehash/kernel';
import { apiKey, testApi, unknownKey } from '../testing/api.js';
import { photoBytes } from '../testing/photos.js';

const photo = { 'content-type': 'image/jpeg' };
const limits = (requestsPerSecond: number | null, burst: number | null) => ({ people: 10, photos: 10, requestsPerSecond, burst });

describe('a key over its rate', () => {
  it('gets 429 with the time to wait, as a problem and in the ancestor’s shape', async () => {
    await using api = await testApi();
    await api.publish({ limits: limits(0.05, 1) });
    const ask = (url: string, headers: Record<string, string> = {}) =>
      api.app.inject({ method: 'POST', url, headers: { ...photo, ...headers }, payload: photoBytes() });
    expect((await ask('/v1/recognize', { 'x-api-key': apiKey })).statusCode).toBe(200);
    const problem = await ask('/v1/recognize', { 'x-api-key': apiKey });
    expect([problem.statusCode, problem.headers['content-type']]).toEqual([429, 'application/problem+json; charset=utf-8']);
    expect(Number(problem.headers['retry-after'])).toBeGreaterThan(15);
    expect(problem.json()).toMatchObject({ code: 'RATE_LIMITED', status: 429, detail: '0.05 requests a second, 1 at once' });
    const found = await ask(`/${apiKey}`);
    expect([found.statusCode, Object.keys(found.json()).slice(0, 2)]).toEqual([429, ['foundFlag', 'foundFace']]);
    expect(found.json()).toMatchObject({ foundFlag: 0, foundFace: null, code: 'RATE_LIMITED' });
    const trained = await ask(`/${apiKey}/train`);
    expect([trained.statusCode, Object.keys(trained.json())[0]]).toEqual([429, 'trainingSuccess']);
    expect((await ask('/v1/recognize', { 'x-api-key': unknownKey })).statusCode).toBe(401);
  });
});

describe('a replica with as many calls under way as it takes', () => {
  it('refuses the next at once, answers those under way and then takes others; health is asked as ever', async () => {
    await using api = await testApi({ limits: { requestsMax: 2 } });
    let open: () => void = () => undefined;
    api.recogniser.gate = new Promise((resolve) => (open = resolve));
    const ask = (url = '/v1/recognize') =>
      api.app.inject({ method: 'POST', url, headers: { ...photo, 'x-api-key': apiKey }, payload: photoBytes() });
    const underWay = [ask(), ask()];
    while (api.recogniser.asked.length < 2) await systemClock.sleep(1);
    const refused = await ask();
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(refused.json()).toMatchObject({ code: 'OVERLOADED' });
    expect((await ask('/')).json()).toMatchObject({ foundFlag: 0, code: 'OVERLOADED' });
    expect((await api.app.inject({ method: 'GET', url: '/health/live' })).statusCode).toBe(200);
    open();
    expect((await Promise.all(underWay)).map((r) => r.statusCode)).toEqual([200, 200]);
    expect((await ask()).statusCode).toBe(200);
  });
});
