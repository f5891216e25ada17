import { FaceHashError } from '@facehash/kernel';
import { apiKey, testApi, unknownKey, type TestApi } from '../../testing/api.js';
import { aRecognisedFace, aRecognition } from '../../testing/fake-recogniser.js';
import { photoBytes } from '../../testing/photos.js';
import { recognitionSchema } from './recognition-schemas.js';

const key = { 'x-api-key': apiKey };

describe('POST /v1/recognize', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await testApi();
  });
  afterEach(() => api[Symbol.asyncDispose]());

  const ask = async (query = '', headers: Record<string, string> = key, payload: string | Buffer = photoBytes()) => {
    const response = await api.app.inject({
      method: 'POST',
      url: `/v1/recognize${query}`,
      headers: { 'content-type': 'image/jpeg', ...headers },
      payload,
    });
    return { status: response.statusCode, body: response.json<Record<string, unknown>>(), headers: response.headers };
  };

  it('tells of every face', async () => {
    api.recogniser.answer = aRecognition({ faces: [aRecognisedFace(), aRecognisedFace({ person: null })] });
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      version: 'v-000000000001',
      image: { width: 250, height: 250 },
      faces: [{ person: { id: 'per_ann', name: 'Ann' } }, { person: null }],
    });
    expect(recognitionSchema.safeParse(body).error).toBeUndefined();
  });

  it('gives landmarks and ratios only to who asks for them', async () => {
    const faces = async (query: string) => (await ask(query)).body['faces'] as Record<string, unknown>[];
    const [plain] = await faces('');
    expect(plain).not.toHaveProperty('landmarks');
    expect(plain).not.toHaveProperty('ratios');
    const { body } = await ask('?landmarks=true&ratios=true');
    const [full] = body['faces'] as { landmarks: unknown[]; ratios: Record<string, number> }[];
    expect(full?.landmarks).toHaveLength(68);
    expect(Object.keys(full?.ratios ?? {}).length).toBeGreaterThan(10);
    expect(recognitionSchema.safeParse(body).error).toBeUndefined();
  });

  it('passes on how many candidates and faces, and how small', async () => {
    await ask('?candidates=3&maxFaces=4&minFaceFraction=0.2');
    await ask();
    expect(api.recogniser.asked.map((a) => a.options)).toEqual([
      { faces: 'all', candidates: 3, maxFaces: 4, minFaceFraction: 0.2 },
      { faces: 'all', candidates: 5, maxFaces: 16, minFaceFraction: 0.08 },
    ]);
  });

  it('does not go over the model’s own limit of faces', async () => {
    await api.publish({ recognition: { falseAcceptTarget: 0.01, maxFaces: 2 } });
    await ask('?maxFaces=50');
    expect(api.recogniser.asked[0]?.options.maxFaces).toBe(2);
  });

  it('reports every fault in the query with its path', async () => {
    const { status, body, headers } = await ask('?candidates=-1&landmarks=maybe&size=3');
    expect(status).toBe(400);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({
      type: 'urn:facehash:problem:REQUEST_INVALID',
      status: 400,
      code: 'REQUEST_INVALID',
      requestId: headers['x-request-id'],
    });
    expect((body['errors'] as { path: string }[]).map((e) => e.path).sort()).toEqual(['candidates', 'landmarks', 'size']);
  });

  it.each([
    ['no version answers yet', new FaceHashError('MODEL_NOT_READY'), 409, 'MODEL_NOT_READY'],
    ['too many wait', new FaceHashError('OVERLOADED'), 503, 'OVERLOADED'],
    ['the store is away', new FaceHashError('STORE_UNAVAILABLE'), 503, 'STORE_UNAVAILABLE'],
  ] as const)('answers with a problem document when %s', async (_why, error, status, code) => {
    api.recogniser.nextError = error;
    const answer = await ask();
    expect(answer).toMatchObject({ status, body: { status, code, title: error.message } });
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  it('answers an image that cannot be decoded with 422 and why', async () => {
    api.recogniser.answer = { kind: 'unreadable', problem: 'IMAGE_TOO_SMALL', detail: '20 x 20 pixels' };
    expect(await ask()).toMatchObject({ status: 422, body: { code: 'IMAGE_TOO_SMALL', detail: '20 x 20 pixels' } });
  });

  it('takes longer than its deadline for no answer', async () => {
    await using slow = await testApi({ limits: { requestTimeoutMs: 30 } });
    slow.recogniser.gate = new Promise(() => undefined);
    const response = await slow.app.inject({ method: 'POST', url: '/v1/recognize', headers: key, payload: photoBytes() });
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([504, 'DEADLINE_EXCEEDED']);
  });

  it('refuses bodies that together would not fit into memory, at once', async () => {
    await using small = await testApi({ limits: { bodiesBytesMax: 200 * 1024 } });
    let open: () => void = () => undefined;
    small.recogniser.gate = new Promise((resolve) => (open = resolve));
    const post = () => small.app.inject({ method: 'POST', url: '/v1/recognize', headers: key, payload: photoBytes(1, 150 * 1024) });
    const first = post();
    while (small.recogniser.asked.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await post();
    expect([second.statusCode, second.headers['retry-after']]).toEqual([503, '1']);
    open();
    expect((await first).statusCode).toBe(200);
    expect((await post()).statusCode).toBe(200);
  });
});

describe('the key', () => {
  it('is asked for before anything else, and the answer is the same whatever is wrong with it', async () => {
    await using api = await testApi();
    const answers = await Promise.all(
      [{ 'x-api-key': unknownKey }, { 'x-api-key': 'nonsense' }, { authorization: `Bearer ${unknownKey}` }].map(async (headers) => {
        const response = await api.app.inject({ method: 'POST', url: '/v1/recognize?candidates=-1', headers, payload: 'x' });
        const { requestId: _, ...body } = response.json<Record<string, unknown>>();
        return { status: response.statusCode, body, challenge: response.headers['www-authenticate'] };
      }),
    );
    expect(new Set(answers.map((a) => JSON.stringify(a))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'API_KEY_INVALID' }, challenge: 'Bearer' });
  });

  it.each([
    ['none', {}],
    ['none that is ours', { authorization: 'Basic x' }],
  ])('says where it belongs to who sends %s', async (_, headers) => {
    await using api = await testApi();
    const response = await api.app.inject({ method: 'POST', url: '/v1/recognize', headers, payload: 'x' });
    expect(response.json()).toMatchObject({ status: 401, code: 'API_KEY_INVALID', detail: expect.stringContaining('x-api-key') });
  });

  it('is of nobody while the directory has not seen everybody: 503 and not 401', async () => {
    await using api = await testApi({ synced: false });
    for (const used of [apiKey, unknownKey]) {
      const response = await api.app.inject({ method: 'POST', url: `/${used}`, payload: 'x' });
      expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '2']);
    }
  });

  it('opens nothing any more when the model is gone', async () => {
    await using api = await testApi();
    await api.publish({ tombstone: true });
    expect((await api.app.inject({ method: 'GET', url: '/v1/model', headers: key })).statusCode).toBe(401);
  });
});
