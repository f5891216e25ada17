import { FaceHashError, sha256Hex } from '@facehash/kernel';
import { aVersionSummary } from '@facehash/messaging-core/testing';
import { anAnalysis } from '@facehash/vision-core/testing';
import { apiKey, storageId, testApi, type TestApi } from '../../testing/api.js';
import { base64Of, multipart, photoBytes } from '../../testing/photos.js';
import { modelSchema } from './model-schemas.js';
import { erasurePageSchema, erasureSchema, personPageSchema, personSchema, photoPageSchema, photosTakenSchema } from './schemas.js';

let api: TestApi;
beforeEach(async () => {
  api = await testApi();
});
afterEach(() => api[Symbol.asyncDispose]());

async function call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, body?: unknown, headers: Record<string, string> = {}) {
  const payload = body === undefined ? {} : { payload: body instanceof Buffer || typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await api.app.inject({
    method,
    url,
    headers: { 'x-api-key': apiKey, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...payload,
  });
  return { status: response.statusCode, body: response.json<Record<string, unknown>>(), headers: response.headers };
}

async function addPerson(name = 'Ann'): Promise<string> {
  return String((await call('POST', '/v1/people', { name })).body['id']);
}

describe('/v1/people', () => {
  it('creates a person and says where they are', async () => {
    const { status, body, headers } = await call('POST', '/v1/people', { name: '  Ann ', externalId: 'e-1', metadata: { floor: '3' } });
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: 'Ann', externalId: 'e-1', metadata: { floor: '3' } });
    expect(personSchema.safeParse(body).error).toBeUndefined();
    expect(headers['location']).toBe(`/v1/people/${String(body['id'])}`);
    expect((await call('GET', String(headers['location']))).body).toEqual(body);
  });

  it('refuses a second person of the same name', async () => {
    await addPerson();
    expect(await call('POST', '/v1/people', { name: 'Ann' })).toMatchObject({ status: 409, body: { code: 'PERSON_EXISTS' } });
  });

  it('changes name, id elsewhere and metadata, each by itself', async () => {
    const id = await addPerson();
    expect((await call('PATCH', `/v1/people/${id}`, { name: 'Anna' })).body).toMatchObject({ id, name: 'Anna', externalId: null });
    expect((await call('PATCH', `/v1/people/${id}`, { externalId: 'e-2', metadata: { a: 'b' } })).body).toMatchObject({
      name: 'Anna',
      externalId: 'e-2',
      metadata: { a: 'b' },
    });
    expect((await call('PATCH', `/v1/people/${id}`, { externalId: null })).body).toMatchObject({ externalId: null, metadata: { a: 'b' } });
  });

  it('lists people in pages', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await addPerson(name);
    const names: unknown[] = [];
    let cursor = '';
    for (let pages = 0; pages < 3; pages++) {
      const { body } = await call('GET', `/v1/people?limit=2${cursor}`);
      const page = personPageSchema.parse(body);
      names.push(...page.items.map((p) => p.name));
      cursor = page.next === null ? '' : `&cursor=${page.next}`;
      expect(page.next === null).toBe(pages === 2);
    }
    // By id: of those made in the same millisecond, any may come first.
    expect(names.sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it.each([
    ['GET', '/v1/people?limit=0', undefined, ['limit']],
    ['GET', '/v1/people?limit=1001', undefined, ['limit']],
    ['GET', '/v1/people?limit=ten&page=2', undefined, ['limit', 'page']],
    ['GET', '/v1/people?cursor=!!', undefined, ['cursor']],
    ['POST', '/v1/people', {}, ['name']],
    ['POST', '/v1/people', { name: '' }, ['name']],
    ['POST', '/v1/people', { name: 'a'.repeat(300) }, ['name']],
    ['POST', '/v1/people', { name: 'a\nb' }, ['name']],
    ['POST', '/v1/people', { name: 'Ann', age: 3, metadata: { a: 1 } }, ['age', 'metadata.a']],
    ['POST', '/v1/people', { name: 'Ann', externalId: 'a\ud800', metadata: { a: '\udc00' } }, ['externalId', 'metadata.a']],
    ['POST', '/v1/people', { name: 'Ann', externalId: 'a\0', metadata: { a: 1 } }, ['externalId', 'metadata.a']],
    ['POST', '/v1/people', [], ['']],
    ['POST', '/v1/people', '{"name": ', ['body']],
    ['PATCH', '/v1/people/per_x', {}, ['']],
    ['PATCH', '/v1/people/per_x', { name: 7 }, ['name']],
  ] as const)('%s %s refuses %j with the path of every fault', async (method, url, body, paths) => {
    const answer = await call(method, url, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
    expect((answer.body['errors'] as { path: string }[]).map((e) => e.path).sort()).toEqual(paths);
  });

  it('takes JSON and nothing else for a person', async () => {
    expect(await call('POST', '/v1/people', 'name=Ann', { 'content-type': 'application/x-www-form-urlencoded' })).toMatchObject({
      status: 415,
      body: { code: 'MEDIA_TYPE_UNSUPPORTED' },
    });
    expect(await call('POST', '/v1/people', JSON.stringify({ name: 'a'.repeat(300_000) }))).toMatchObject({ status: 413 });
  });

  it('says 404 of a person who is not there', async () => {
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { name: 'x' }],
      ['GET', '/photos', undefined],
      ['POST', '/photos', { images: [] }],
    ] as const) {
      expect(await call(method, `/v1/people/per_nobody${path}`, body)).toMatchObject({ status: 404, body: { code: 'PERSON_NOT_FOUND' } });
    }
  });

  it('says 503 when the registry does not answer', async () => {
    api.registry.nextError = new FaceHashError('STORE_UNAVAILABLE');
    expect(await call('GET', '/v1/people')).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } });
  });

  it('refuses more people than the model may hold', async () => {
    await api.publish({ limits: { people: 1, photos: 10, requestsPerSecond: null, burst: null } });
    await addPerson();
    expect(await call('POST', '/v1/people', { name: 'Ben' })).toMatchObject({ status: 409, body: { code: 'LIMIT_REACHED' } });
  });
});

describe('/v1/people/{id}/photos', () => {
  const image = photoBytes(1);
  let id: string;
  beforeEach(async () => {
    id = await addPerson();
  });
  const add = (body: unknown, headers: Record<string, string> = {}) => call('POST', `/v1/people/${id}/photos`, body, headers);

  it('takes one photo and measures it', async () => {
    const { status, body } = await add(image, { 'content-type': 'image/jpeg' });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { photos: [{ index: 0, outcome: 'accepted', photoId: sha256Hex(image) }], snapshot: 1 },
    });
    expect(photosTakenSchema.safeParse(body).error).toBeUndefined();
  });

  it('takes the same bytes again as a duplicate', async () => {
    await add(image, { 'content-type': 'image/jpeg' });
    expect((await add(image, { 'content-type': 'image/jpeg' })).body).toMatchObject({ photos: [{ outcome: 'duplicate' }], snapshot: 2 });
    expect(photoPageSchema.parse((await call('GET', `/v1/people/${id}/photos`)).body).items).toHaveLength(1);
  });

  const text = base64Of(image);
  it.each([
    ['base64 text', text, { 'content-type': 'text/plain' }],
    ['base64 called a form', text, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['JSON with one image', { image: text }, {}],
    ['JSON with a list', { images: [text] }, {}],
    ['multipart', multipart([{ name: 'images', value: image, filename: 'a.jpg' }]).payload, multipart([]).headers],
  ])('takes a photo as %s', async (_how, body, headers) => {
    expect((await add(body, headers)).body).toMatchObject({ photos: [{ outcome: 'accepted', photoId: sha256Hex(image) }] });
  });

  it('tells what became of each of many', async () => {
    const blank = photoBytes(2);
    api.analyser.shows(blank, anAnalysis({ faces: [] }));
    const { body } = await add({ images: [text, base64Of(blank), '%%', text] });
    expect(body).toMatchObject({
      photos: [
        { index: 0, outcome: 'accepted' },
        { index: 1, outcome: 'rejected', code: 'FACE_NOT_FOUND' },
        { index: 2, outcome: 'rejected', code: 'IMAGE_UNREADABLE' },
        { index: 3, outcome: 'duplicate' },
      ],
    });
    expect(photosTakenSchema.safeParse(body).error).toBeUndefined();
  });

  it('rejects a photo of another person and takes none for an answer', async () => {
    await add(image, { 'content-type': 'image/jpeg' });
    const other = await addPerson('Ben');
    expect((await call('POST', `/v1/people/${other}/photos`, image, { 'content-type': 'image/jpeg' })).body).toMatchObject({
      photos: [{ outcome: 'rejected', code: 'PHOTO_OF_OTHER_PERSON' }],
      snapshot: null,
    });
  });

  it.each([
    ['nothing', '', { 'content-type': 'image/jpeg' }, 400],
    ['an empty list', { images: [] }, {}, 400],
    ['a name, which is the path’s matter', { username: 'Ann', images: [text] }, {}, 400],
    ['a video', image, { 'content-type': 'video/mp4' }, 415],
    ['one photo over the limit', photoBytes(1, 300 * 1024), { 'content-type': 'image/jpeg' }, 413],
  ])('refuses %s', async (_what, body, headers, status) => {
    expect((await add(body, headers)).status).toBe(status);
  });

  it('lists photos in pages', async () => {
    await add({ images: [1, 2, 3].map((seed) => base64Of(photoBytes(seed))) });
    const first = photoPageSchema.parse((await call('GET', `/v1/people/${id}/photos?limit=2`)).body);
    const second = photoPageSchema.parse((await call('GET', `/v1/people/${id}/photos?limit=2&cursor=${first.next ?? ''}`)).body);
    expect([...first.items, ...second.items].map((p) => p.id)).toEqual([1, 2, 3].map((seed) => sha256Hex(photoBytes(seed))).sort());
    expect(second.next).toBeNull();
  });
});

describe('/v1/model', () => {
  it('tells of the model, its people and the version that answers, and nothing of keys', async () => {
    const id = await addPerson();
    await call('POST', `/v1/people/${id}/photos`, photoBytes(), { 'content-type': 'image/jpeg' });
    await api.publish({ phase: 'Ready', active: aVersionSummary({ snapshot: 1 }) });
    const { status, body } = await call('GET', '/v1/model');
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { name: 'front-door', storageId, phase: 'Ready', people: 1, photos: 1, active: { snapshot: 1 } },
    });
    expect(modelSchema.safeParse(body).error).toBeUndefined();
    expect(body).not.toHaveProperty('apiKeyHashes');
  });

  it('begins training at once', async () => {
    const id = await addPerson();
    expect(await call('POST', '/v1/model/train')).toMatchObject({ status: 202, body: { snapshot: null } });
    await call('POST', `/v1/people/${id}/photos`, photoBytes(), { 'content-type': 'image/jpeg' });
    const { body, headers } = await call('POST', '/v1/model/train');
    expect(body).toEqual({ snapshot: 1 });
    expect(headers['location']).toBe('/v1/model');
  });
});

describe('a photo of somebody else', () => {
  it('is taken in by force only', async () => {
    const [ann, ben] = [await addPerson('Ann'), await addPerson('Ben')];
    const send = (id: string, query = '') =>
      call('POST', `/v1/people/${id}/photos${query}`, photoBytes(7), { 'content-type': 'image/jpeg' });
    await send(ann);
    expect((await send(ben)).body).toMatchObject({ photos: [{ outcome: 'rejected', code: 'PHOTO_OF_OTHER_PERSON' }] });
    expect((await send(ben, '?force=true')).body).toMatchObject({ photos: [{ outcome: 'accepted' }] });
    expect(await send(ben, '?force=maybe')).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
  });
});

describe('erasing', () => {
  async function enrolled(): Promise<{ readonly id: string; readonly photoId: string; readonly photo: Buffer }> {
    const id = await addPerson();
    const photo = photoBytes(7);
    const { body } = await call('POST', `/v1/people/${id}/photos`, photo, { 'content-type': 'image/jpeg' });
    const { photos } = photosTakenSchema.parse(body);
    const [first] = photos;
    if (first?.outcome !== 'accepted') throw new Error('the photo was not taken');
    return { id, photoId: first.photoId, photo };
  }

  it('a person is acknowledged with the receipt, which can be read again', async () => {
    const { id } = await enrolled();
    const { status, body, headers } = await call('DELETE', `/v1/people/${id}`);
    expect(status).toBe(202);
    expect(erasureSchema.parse(body)).toMatchObject({ personId: id, state: 'Erasing', photos: 1, completedAt: null });
    expect(headers['location']).toBe(`/v1/erasures/${id}`);
    expect((await call('GET', String(headers['location']))).body).toEqual(body);
    expect(erasurePageSchema.parse((await call('GET', '/v1/erasures')).body).items).toEqual([body]);
    expect(await call('GET', `/v1/people/${id}`)).toMatchObject({ status: 404, body: { code: 'PERSON_NOT_FOUND' } });
    expect((await call('DELETE', `/v1/people/${id}`)).body).toEqual(body);
  });

  it('frees the name', async () => {
    const { id } = await enrolled();
    await call('DELETE', `/v1/people/${id}`);
    expect(await addPerson()).not.toBe(id);
  });

  it.each([
    ['DELETE', '/v1/people/per_nobody', 'PERSON_NOT_FOUND'],
    ['GET', '/v1/erasures/per_nobody', 'ERASURE_NOT_FOUND'],
    ['GET', '/v1/people/per_nobody/photos/0000', 'PHOTO_NOT_FOUND'],
    ['DELETE', '/v1/people/per_nobody/photos/0000', 'PHOTO_NOT_FOUND'],
  ] as const)('%s %s is a problem', async (method, url, code) => {
    expect(await call(method, url)).toMatchObject({ status: 404, body: { code } });
  });

  it('gives a photo back as it came, as a download that nothing runs', async () => {
    const { id, photoId, photo } = await enrolled();
    const response = await api.app.inject({ method: 'GET', url: `/v1/people/${id}/photos/${photoId}`, headers: { 'x-api-key': apiKey } });
    expect(response.statusCode).toBe(200);
    expect(response.rawPayload).toEqual(photo);
    expect(response.headers).toMatchObject({
      'content-disposition': 'attachment',
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-store',
    });
  });

  it('removes one photo, and the same photo is not taken while it is being removed', async () => {
    const { id, photoId, photo } = await enrolled();
    const removed = await call('DELETE', `/v1/people/${id}/photos/${photoId}`);
    expect(removed).toMatchObject({ status: 202, body: { photoId, snapshot: 2 } });
    expect(photoPageSchema.parse((await call('GET', `/v1/people/${id}/photos`)).body).items).toEqual([]);
    expect(await call('DELETE', `/v1/people/${id}/photos/${photoId}`)).toMatchObject({ status: 404, body: { code: 'PHOTO_NOT_FOUND' } });
    const again = await call('POST', `/v1/people/${id}/photos`, photo, { 'content-type': 'image/jpeg' });
    expect(again.body).toMatchObject({ photos: [{ outcome: 'rejected', code: 'PHOTO_BEING_REMOVED' }] });
  });
});
