import { sha256Hex } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';
import { aVersionSummary } from '@facehash/messaging-core/testing';
import { anAnalysis } from '@facehash/vision-core/testing';
import { apiKey, storageId, testApi, type TestApi } from '../../testing/api.js';
import { base64Of, multipart, photoBytes } from '../../testing/photos.js';

type Answer = Record<string, unknown>;

const photos = [1, 2, 3].map((seed) => photoBytes(seed));
const images = photos.map(base64Of);
const json = { 'content-type': 'application/json' };

describe('the ancestor’s /train', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await testApi();
  });
  afterEach(() => api[Symbol.asyncDispose]());

  const send = async (payload: string | Buffer, headers: Record<string, string> = json, url = `/${apiKey}/train`) => {
    const response = await api.app.inject({ method: 'POST', url, headers, payload });
    return { status: response.statusCode, body: response.json<Answer>(), headers: response.headers };
  };
  const train = (body: unknown, headers: Record<string, string> = json) => send(JSON.stringify(body), headers);
  /** The controller's side: as soon as photos are counted, a version that covers them answers. */
  const trainedAt = async (counter: number, state: Partial<ModelState> = {}) => {
    while ((await api.registry.counter(storageId)) < counter) await new Promise((resolve) => setTimeout(resolve, 5));
    await api.publish({ active: aVersionSummary({ name: 'v-abc', snapshot: counter }), ...state });
  };
  const enrolled = async () => {
    const { items } = await api.registry.people(storageId, { limit: 10 });
    return Promise.all(
      items.map(async ({ id, name }) => ({
        name,
        photos: (await api.registry.photos(storageId, id, { limit: 1000 })).items.map((p) => p.sha256).sort(),
      })),
    );
  };

  it('is successful once the version that answers was trained on the photos', async () => {
    const answer = train({ username: 'Ann', images });
    await trainedAt(3);
    const { status, body } = await answer;
    expect({ status, body }).toEqual({ status: 200, body: { trainingSuccess: 1, version: 'v-abc', accepted: 3, rejected: [] } });
    expect(Object.keys(body)[0]).toBe('trainingSuccess');
    expect(await enrolled()).toEqual([{ name: 'Ann', photos: photos.map(sha256Hex).sort() }]);
  });

  it('does not take an older version for an answer', async () => {
    await api.publish({ active: aVersionSummary({ name: 'v-old', snapshot: 2 }) });
    const answer = train({ username: 'Ann', images });
    await trainedAt(3);
    expect((await answer).body).toMatchObject({ trainingSuccess: 1, version: 'v-abc' });
  });

  it('tells of each photo that was not taken, and trains on the rest', async () => {
    api.analyser.shows(photos[1] ?? Buffer.alloc(0), anAnalysis({ faces: [] }));
    const answer = train({ username: 'Ann', images: [...images, 'no base64!'] });
    await trainedAt(2);
    expect(await answer).toMatchObject({
      status: 200,
      body: {
        trainingSuccess: 1,
        accepted: 2,
        rejected: [
          { index: 1, code: 'FACE_NOT_FOUND' },
          { index: 3, code: 'IMAGE_UNREADABLE', detail: 'the text is not base64' },
        ],
      },
    });
  });

  it('fails at once while the person has fewer photos than the model trains on, and keeps them', async () => {
    await api.publish({ photosPerPerson: { min: 5, max: 500 } });
    const { status, body } = await train({ username: 'Ann', images });
    expect(status).toBe(422);
    expect(body).toMatchObject({ trainingSuccess: 0, code: 'PHOTOS_TOO_FEW', accepted: 3, detail: '3 photos are kept; training needs 5' });
    expect((await enrolled())[0]?.photos).toHaveLength(3);
  });

  it('fails for somebody whom the version leaves out', async () => {
    const answer = train({ username: 'Ann', images });
    while ((await api.registry.counter(storageId)) < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    const { items } = await api.registry.people(storageId, { limit: 10 });
    await trainedAt(3, { quarantined: items.map(({ id }) => id) });
    const { status, body } = await answer;
    expect(status).toBe(409);
    expect(body).toMatchObject({ trainingSuccess: 0, code: 'PERSON_QUARANTINED', accepted: 3 });
  });

  it('fails when no photo was taken', async () => {
    api.analyser.otherwise = anAnalysis({ faces: [] });
    const { status, body } = await train({ username: 'Ann', images });
    expect(status).toBe(422);
    expect(body).toMatchObject({
      trainingSuccess: 0,
      code: 'PHOTOS_REJECTED',
      accepted: 0,
      rejected: [{ index: 0 }, { index: 1 }, { index: 2 }],
    });
    expect(Object.keys(body)[0]).toBe('trainingSuccess');
  });

  it.each([
    ['VERSION_REFUSED', 409],
    ['PERSON_QUARANTINED', 409],
    ['TRAINING_FAILED', 503],
    ['INTERNAL', 503],
    ['SOMETHING_NEW', 503],
  ])('fails with %s when that is why there is no version', async (code, status) => {
    const lastFailure = { snapshot: 3, code, message: 'the reason', at: '2026-01-01T00:00:00Z' };
    const answer = train({ username: 'Ann', images });
    await trainedAt(3, { active: null, training: { run: null, stage: null, percent: null, attempt: 0, lastFailure } });
    expect(await answer).toMatchObject({ status, body: { trainingSuccess: 0, code, detail: 'the reason', accepted: 3 } });
  });

  it('takes the same photos again as they are, and waits for the same version', async () => {
    const first = train({ username: 'Ann', images });
    await trainedAt(3);
    await first;
    const second = train({ username: 'Ann', images });
    await trainedAt(6);
    expect((await second).body).toMatchObject({ trainingSuccess: 1, accepted: 3, rejected: [] });
    expect((await enrolled())[0]?.photos).toHaveLength(3);
  });

  describe('answers 202 with a place to look', () => {
    it('at once to who prefers so', async () => {
      const { status, body, headers } = await train({ username: 'Ann', images }, { ...json, prefer: 'respond-async, wait=10' });
      expect({ status, body }).toMatchObject({ status: 202, body: { trainingSuccess: 0, accepted: 3, rejected: [] } });
      expect(headers).toMatchObject({ location: '/v1/model', 'preference-applied': 'respond-async' });
    });

    it('from a replica that must stop', async () => {
      const answer = train({ username: 'Ann', images });
      while ((await api.registry.counter(storageId)) < 3) await new Promise((resolve) => setTimeout(resolve, 5));
      api.readiness.drain();
      const { status, headers } = await answer;
      expect(status).toBe(202);
      expect(headers).toMatchObject({ location: '/v1/model', connection: 'close' });
    });

    it('after the longest wait', async () => {
      await using impatient = await testApi({ limits: { trainWaitMs: 50 } });
      const response = await impatient.app.inject({
        method: 'POST',
        url: '/train',
        headers: { ...json, 'x-api-key': apiKey },
        payload: JSON.stringify({ username: 'Ann', images }),
      });
      expect(response.statusCode).toBe(202);
    });
  });

  describe('takes name and photos as', () => {
    const taken = async (payload: string | Buffer, headers: Record<string, string>) => {
      const { status, body } = await send(payload, { ...headers, prefer: 'respond-async' });
      expect({ status, body }).toMatchObject({ status: 202, body: { accepted: 3, rejected: [] } });
      expect(await enrolled()).toEqual([{ name: 'Ann', photos: photos.map(sha256Hex).sort() }]);
    };
    const form = 'application/x-www-form-urlencoded';

    it('multipart, as curl -F sends it', async () => {
      const { payload, headers } = multipart([
        { name: 'username', value: 'Ann' },
        ...photos.map((value, i) => ({ name: 'images', value, filename: `${i}.jpg` })),
      ]);
      await taken(payload, headers);
    });
    it('multipart with base64 in its fields', async () => {
      const { payload, headers } = multipart([{ name: 'username', value: 'Ann' }, ...images.map((value) => ({ name: 'images', value }))]);
      await taken(payload, headers);
    });
    it('multipart whose name comes last', async () => {
      const { payload, headers } = multipart([
        ...photos.map((value, i) => ({ name: 'images', value, filename: `${i}.jpg` })),
        { name: 'username', value: 'Ann' },
      ]);
      await taken(payload, headers);
    });
    it('JSON whose name comes last, as languages write it that sort their keys', () =>
      taken(JSON.stringify({ images, username: 'Ann' }), json));
    it('JSON that curl -d called a form', () => taken(JSON.stringify({ username: 'Ann', images }), { 'content-type': form }));
    it('JSON without any type', () => taken(`\n ${JSON.stringify({ username: 'Ann', images })}`, {}));
    it('JSON with Python’s str() of bytes', () => taken(JSON.stringify({ username: 'Ann', images: images.map((i) => `b'${i}'`) }), json));
    it('a form, as Python’s requests sends a dictionary', () =>
      taken([`username=Ann`, ...images.map((i) => `images=${encodeURIComponent(i)}`)].join('&'), { 'content-type': form }));
    it('a form that is not encoded', () =>
      taken([`username=Ann`, ...images.map((i) => `images=${i}`)].join('&'), { 'content-type': form }));
  });

  it('enrols photos while the rest of the body has not come yet', async () => {
    await api.app.listen(0, '127.0.0.1');
    const parts = [`{"username": "Ann", "images": ["${images[0] ?? ''}", `, `"${images[1] ?? ''}", "${images[2] ?? ''}"]}`];
    const firstIsIn = async () => {
      while ((await api.registry.counter(storageId)) < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    async function* body(): AsyncGenerator<Buffer> {
      yield Buffer.from(parts[0] ?? '');
      await firstIsIn();
      yield Buffer.from(parts[1] ?? '');
    }
    const response = await fetch(`${await api.app.getUrl()}/${apiKey}/train`, {
      method: 'POST',
      headers: { ...json, prefer: 'respond-async' },
      body: ReadableStream.from(body()),
      duplex: 'half',
    });
    expect(await response.json()).toMatchObject({ accepted: 3 });
  });

  it('enrols photos while the rest of a multipart body has not come yet', async () => {
    await api.app.listen(0, '127.0.0.1');
    const { payload, headers } = multipart([
      { name: 'username', value: 'Ann' },
      ...photos.map((value, i) => ({ name: 'images', value, filename: `${i}.jpg` })),
    ]);
    async function* body(): AsyncGenerator<Buffer> {
      yield payload.subarray(0, 3600);
      while ((await api.registry.counter(storageId)) < 1) await new Promise((resolve) => setTimeout(resolve, 5));
      yield payload.subarray(3600);
    }
    const response = await fetch(`${await api.app.getUrl()}/${apiKey}/train`, {
      method: 'POST',
      headers: { ...headers, prefer: 'respond-async' },
      body: ReadableStream.from(body()),
      duplex: 'half',
    });
    expect(await response.json()).toMatchObject({ accepted: 3 });
  });

  it('stops reading while the photos that came are worked on', async () => {
    // More than the buffers between two sockets take in.
    await using large = await testApi({ limits: { trainBytesMax: 64 * 1024 ** 2 } });
    await large.app.listen(0, '127.0.0.1');
    let open: () => void = () => undefined;
    large.analyser.gate = new Promise((resolve) => (open = resolve));
    let sent = 0;
    async function* body(): AsyncGenerator<Buffer> {
      yield Buffer.from('{"username": "Ann", "images": [');
      for (; sent < 100; sent++) yield Buffer.from(`${sent > 0 ? ',' : ''}"${base64Of(photoBytes(100 + sent, 180 * 1024))}"`);
      yield Buffer.from(']}');
    }
    const answer = fetch(`${await large.app.getUrl()}/${apiKey}/train`, {
      method: 'POST',
      headers: { ...json, prefer: 'respond-async' },
      body: ReadableStream.from(body()),
      duplex: 'half',
    });
    try {
      while (large.analyser.calls.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(large.analyser.calls).toHaveLength(2);
      expect(sent).toBeLessThan(80);
    } finally {
      open();
    }
    expect(await (await answer).json()).toMatchObject({ accepted: 100 });
  });

  it.each<[string, unknown, string[]]>([
    ['has no name', { images }, ['username']],
    ['has no photos', { username: 'Ann' }, ['images']],
    ['has an empty list of photos', { username: 'Ann', images: [] }, ['images']],
    ['is empty', {}, ['username', 'images']],
    ['has an empty name', { username: '  ', images }, ['username']],
    ['has a name of 300 characters', { username: 'a'.repeat(300), images }, ['username']],
    ['has a name with control characters', { username: 'a\u0007b', images }, ['username']],
    ['has half a character in its name', { username: 'a\ud800', images }, ['username']],
    ['has a number for a name', { username: 7, images }, ['username']],
    ['has a photo that is no text', { username: 'Ann', images: [images[0], 7] }, ['images.1']],
    ['has a text for a list', { username: 'Ann', images: 'x' }, ['images']],
    ['has an object for a list', { username: 'Ann', images: { a: 'x' } }, ['images']],
    ['has a list for a name', { username: ['Ann'], images }, ['username']],
    ['has a list in its list', { username: 'Ann', images: [[images[0]]] }, ['images']],
    ['has an object in its list', { username: 'Ann', images: [{ image: images[0] }] }, ['images']],
    ['has a field with fields', { username: 'Ann', options: { a: [] }, images }, ['options']],
    ['has a field that nobody knows', { username: 'Ann', images, force: true }, ['force']],
    ['is a list', [1], ['']],
    ['is a text', 'x', ['username', 'images']],
    ['has more than 500 photos', { username: 'Ann', images: Array.from({ length: 501 }, () => 'AAAA') }, ['images']],
  ])('is refused, with the path of the fault, when the body %s', async (_why, body, paths) => {
    const answer = await train(body);
    expect(answer).toMatchObject({ status: 400, body: { trainingSuccess: 0, code: 'REQUEST_INVALID' } });
    expect((answer.body['errors'] as { path: string }[]).map((e) => e.path)).toEqual(paths);
  });

  it.each([
    ['is not JSON', '{"username": "Ann", images}', json],
    ['ends too early', '{"username": "Ann", "images": ["AAAA"', json],
    ['goes on after its end', '{"username": "Ann", "images": ["AAAA"]}x', json],
    ['names somebody twice', '{"username": "Ann", "username": "Ben", "images": ["AAAA"]}', json],
    ['is multipart that ends too early', multipart([{ name: 'username', value: 'Ann' }]).payload.subarray(0, 90), multipart([]).headers],
    [
      'is multipart with an unknown field',
      multipart([
        { name: 'username', value: 'Ann' },
        { name: 'force', value: '1' },
      ]).payload,
      multipart([]).headers,
    ],
    ['is not even a form', 'hello', {}],
  ])('is refused when the body %s', async (_why, payload, headers) => {
    expect(await send(payload, headers)).toMatchObject({ status: 400, body: { trainingSuccess: 0, code: 'REQUEST_INVALID' } });
  });

  it('is refused when one photo is over the limit, and when all together are', async () => {
    expect(await train({ username: 'Ann', images: [base64Of(photoBytes(1, 300 * 1024))] })).toMatchObject({
      status: 413,
      body: { code: 'BODY_TOO_LARGE' },
    });
    expect(await send(Buffer.alloc(5 * 1024 ** 2, 65))).toMatchObject({
      status: 413,
      body: { trainingSuccess: 0, code: 'BODY_TOO_LARGE' },
    });
  });

  it('is refused for a body that is a picture', async () => {
    expect(await send(photoBytes(), { 'content-type': 'image/jpeg' })).toMatchObject({
      status: 415,
      body: { code: 'MEDIA_TYPE_UNSUPPORTED' },
    });
  });

  it('is refused without a valid key, in the ancestor’s form', async () => {
    expect(await send('{}', json, '/nobody/train')).toMatchObject({ status: 401, body: { trainingSuccess: 0, code: 'API_KEY_INVALID' } });
    expect(await send('{}', json, '/train')).toMatchObject({ status: 401, body: { trainingSuccess: 0 } });
  });

  it('gives back all the memory that it reckoned with, also after failures', async () => {
    await using small = await testApi({ limits: { bodiesBytesMax: 600 * 1024 } });
    const post = (payload: string) =>
      small.app.inject({ method: 'POST', url: `/${apiKey}/train`, headers: { ...json, prefer: 'respond-async' }, payload });
    for (let i = 0; i < 5; i++) {
      expect((await post(JSON.stringify({ username: 'Ann', images: [base64Of(photoBytes(i, 150 * 1024))] }))).statusCode).toBe(202);
      expect((await post(`{"username": "Ann", "images": ["${'A'.repeat(150 * 1024)}`)).statusCode).toBe(400);
    }
  });
});
