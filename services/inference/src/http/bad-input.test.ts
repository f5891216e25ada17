import { FaceHashError } from '@facehash/kernel';
import { aFace, anAnalysis } from '@facehash/vision-core/testing';
import { apiKey, testApi, unknownKey, type TestApi } from '../testing/api.js';
import { aRecognition } from '../testing/fake-recogniser.js';
import { base64Of, photoBytes } from '../testing/photos.js';

// The table "What bad input gets", a row each. What the decoder makes of real files is seen in the tests of the whole product.

const key = { 'x-api-key': apiKey };
const image = { 'content-type': 'image/jpeg' };

let api: TestApi;
beforeEach(async () => {
  api = await testApi();
});
afterEach(() => api[Symbol.asyncDispose]());

async function post(url: string, payload: string | Buffer | object, headers: Record<string, string> = {}) {
  return await ask('POST', url, payload, headers);
}

async function ask(method: 'GET' | 'POST' | 'PUT', url: string, payload?: string | Buffer | object, headers: Record<string, string> = {}) {
  const response = await api.app.inject({ method, url, headers: { ...key, ...headers }, ...(payload === undefined ? {} : { payload }) });
  return { status: response.statusCode, headers: response.headers, body: response.json<Record<string, unknown>>() };
}

/** The same failure in both shapes. Each call gets a copy, as text is decoded in its own memory. */
async function expectBoth(payload: Buffer, headers: Record<string, string>, status: number, code: string) {
  const problem = await post('/v1/recognize', Buffer.from(payload), headers);
  expect(problem).toMatchObject({ status, body: { type: `urn:facehash:problem:${code}`, status, code } });
  expect(problem.headers['content-type']).toMatch(/^application\/problem\+json/);
  const ancestor = await post('/', Buffer.from(payload), headers);
  expect(ancestor.status).toBe(status);
  expect(Object.entries(ancestor.body).slice(0, 3)).toEqual([['foundFlag', 0], ['foundFace', null], ['code', code]]); // prettier-ignore
}

async function person(name = 'Ann'): Promise<string> {
  return String((await post('/v1/people', { name })).body['id']);
}

describe('what bad input gets', () => {
  it('not base64, truncated file, wrong or unknown format: 422 IMAGE_UNREADABLE', async () => {
    await expectBoth(Buffer.from('no base64!'), { 'content-type': 'text/plain' }, 422, 'IMAGE_UNREADABLE');
    api.recogniser.answer = { kind: 'unreadable', problem: 'IMAGE_UNREADABLE', detail: 'premature end' };
    await expectBoth(photoBytes(), image, 422, 'IMAGE_UNREADABLE');
  });

  it('over the body limit: 413 BODY_TOO_LARGE', async () => {
    await expectBoth(photoBytes(1, 300 * 1024), image, 413, 'BODY_TOO_LARGE');
    const photos = Array.from({ length: 30 }, (_, i) => base64Of(photoBytes(i, 150 * 1024)));
    expect(await post('/train', { username: 'Ann', images: photos })).toMatchObject({
      status: 413,
      body: { trainingSuccess: 0, code: 'BODY_TOO_LARGE' },
    });
  });

  it.each(['IMAGE_TOO_LARGE', 'IMAGE_TOO_SMALL'] as const)('a size that is not taken: 422 %s', async (problem) => {
    api.recogniser.answer = { kind: 'unreadable', problem, detail: '9 x 9 pixels' };
    await expectBoth(photoBytes(), image, 422, problem);
  });

  it('no face: recognised as nobody, rejected at enrolment with FACE_NOT_FOUND', async () => {
    api.recogniser.answer = aRecognition({ faces: [] });
    expect(await post('/v1/recognize', photoBytes(), image)).toMatchObject({ status: 200, body: { faces: [] } });
    expect(await post('/', photoBytes(), image)).toMatchObject({ status: 200, body: { foundFlag: 0, code: 'FACE_NOT_FOUND' } });
    api.analyser.otherwise = anAnalysis({ faces: [] });
    expect((await post(`/v1/people/${await person()}/photos`, photoBytes(), image)).body).toMatchObject({
      photos: [{ outcome: 'rejected', code: 'FACE_NOT_FOUND' }],
    });
  });

  it('several faces where one is needed: FACES_TOO_MANY; too blurred, small or dark: QUALITY_TOO_LOW; each with what was measured', async () => {
    const id = await person();
    const rejected = async (analysis: ReturnType<typeof anAnalysis>) => {
      api.analyser.otherwise = analysis;
      const { body } = await post(`/v1/people/${id}/photos`, photoBytes(), image);
      return (body['photos'] as { code: string; detail: string }[])[0];
    };
    const many = await rejected(anAnalysis({ faces: [aFace(), aFace()] }));
    expect(many).toMatchObject({ code: 'FACES_TOO_MANY', detail: expect.stringMatching(/2/) as unknown });
    const { quality } = aFace();
    const dark = await rejected(anAnalysis({ faces: [aFace({ quality: { ...quality, brightness: 3 } })] }));
    expect(dark).toMatchObject({ code: 'QUALITY_TOO_LOW', detail: expect.stringMatching(/3/) as unknown });
  });

  it('the same photo already enrolled under another person: PHOTO_OF_OTHER_PERSON', async () => {
    await post(`/v1/people/${await person('Ann')}/photos`, photoBytes(), image);
    expect((await post(`/v1/people/${await person('Ben')}/photos`, photoBytes(), image)).body).toMatchObject({
      photos: [{ outcome: 'rejected', code: 'PHOTO_OF_OTHER_PERSON' }],
    });
  });

  it('a key with no trained version: 409 MODEL_NOT_READY; in the ancestor’s contract 200, not found, with the code', async () => {
    api.recogniser.nextError = new FaceHashError('MODEL_NOT_READY');
    expect(await post('/v1/recognize', photoBytes(), image)).toMatchObject({ status: 409, body: { code: 'MODEL_NOT_READY' } });
    api.recogniser.nextError = new FaceHashError('MODEL_NOT_READY');
    expect(await post('/', photoBytes(), image)).toMatchObject({ status: 200, body: { foundFlag: 0, code: 'MODEL_NOT_READY' } });
  });

  it.each([
    ['malformed JSON', '{"name": ', ['body']],
    ['a wrong type', { name: 7 }, ['name']],
    ['an unknown field', { name: 'Ann', age: 3 }, ['age']],
    ['an empty name', { name: ' ' }, ['name']],
    ['a name of 300 characters', { name: 'n'.repeat(300) }, ['name']],
    ['control characters', { name: 'a\u0007b', externalId: '\u0000' }, ['externalId', 'name']],
  ])('%s: 400 REQUEST_INVALID with the path of every fault', async (_, body, paths) => {
    const answer = await post('/v1/people', body, { 'content-type': 'application/json' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
    expect((answer.body['errors'] as { path: string }[]).map((fault) => fault.path).sort()).toEqual(paths);
  });

  it('unknown id, method or media type: 404, 405, 415 as problem documents', async () => {
    for (const [answer, status, code] of [
      [await ask('GET', '/v1/people/per_nobody'), 404, 'PERSON_NOT_FOUND'],
      [await ask('PUT', '/v1/people'), 405, 'METHOD_NOT_ALLOWED'],
      [await post('/v1/recognize', photoBytes(), { 'content-type': 'video/mp4' }), 415, 'MEDIA_TYPE_UNSUPPORTED'],
    ] as const) {
      expect(answer).toMatchObject({ status, body: { status, code } });
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    }
  });

  it('an unknown key: 401 API_KEY_INVALID', async () => {
    const answer = await post('/v1/recognize', photoBytes(), { ...image, 'x-api-key': unknownKey });
    expect(answer).toMatchObject({ status: 401, body: { code: 'API_KEY_INVALID' } });
  });

  it('over the key’s rate: 429 RATE_LIMITED with Retry-After', async () => {
    await api.publish({ limits: { people: 10, photos: 10, requestsPerSecond: 0.1, burst: 1 } });
    expect((await post('/v1/recognize', photoBytes(), image)).status).toBe(200);
    const answer = await post('/v1/recognize', photoBytes(), image);
    expect(answer).toMatchObject({
      status: 429,
      body: { code: 'RATE_LIMITED' },
      headers: { 'retry-after': expect.stringMatching(/^\d+$/) as unknown },
    });
  });

  it('over the capacity: 503 OVERLOADED with Retry-After', async () => {
    api.recogniser.nextError = new FaceHashError('OVERLOADED');
    const answer = await post('/v1/recognize', photoBytes(), image);
    expect(answer).toMatchObject({ status: 503, body: { code: 'OVERLOADED' }, headers: { 'retry-after': '1' } });
  });

  it('a store that does not answer: 503 STORE_UNAVAILABLE, and recognition goes on', async () => {
    api.registry.nextError = new FaceHashError('STORE_UNAVAILABLE');
    const answer = await ask('GET', '/v1/people');
    expect(answer).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' }, headers: { 'retry-after': '2' } });
    expect((await post('/', photoBytes(), image)).body).toMatchObject({ foundFlag: 1 });
  });
});
