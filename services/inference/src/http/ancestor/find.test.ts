import { FaceHashError, sha256Hex } from '@facehash/kernel';
import { apiKey, storageId, testApi, unknownKey, type TestApi } from '../../testing/api.js';
import { aRecognisedFace, aRecognition } from '../../testing/fake-recogniser.js';
import { base64Of, multipart, photoBytes } from '../../testing/photos.js';

const image = photoBytes();
const text = base64Of(image);

describe('the ancestor’s question: who is this?', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await testApi();
  });
  afterEach(() => api[Symbol.asyncDispose]());

  const ask = async (payload: string | Buffer, headers: Record<string, string> = {}, url = `/${apiKey}`) => {
    const response = await api.app.inject({ method: 'POST', url, headers, payload });
    return { status: response.statusCode, body: response.json<Record<string, unknown>>(), headers: response.headers };
  };

  it('is answered with the name, the ancestor’s fields first', async () => {
    const { status, body } = await ask(text);
    expect(status).toBe(200);
    expect(body).toEqual({ foundFlag: 1, foundFace: 'Ann', similarity: 0.9312, version: 'v-000000000001' });
    expect(Object.keys(body).slice(0, 2)).toEqual(['foundFlag', 'foundFace']);
  });

  it('says "not found" of a stranger', async () => {
    api.recogniser.answer = aRecognition({ faces: [aRecognisedFace({ person: null, similarity: 0.4 })] });
    expect((await ask(text)).body).toEqual({ foundFlag: 0, foundFace: null, similarity: 0.4, version: 'v-000000000001' });
  });

  it('says "not found" of a picture without a face, and why', async () => {
    api.recogniser.answer = aRecognition({ faces: [] });
    expect(await ask(text)).toMatchObject({ status: 200, body: { foundFlag: 0, foundFace: null, code: 'FACE_NOT_FOUND' } });
  });

  it('says "not found" before anything was trained, and why', async () => {
    api.recogniser.nextError = new FaceHashError('MODEL_NOT_READY');
    expect(await ask(text)).toMatchObject({ status: 200, body: { foundFlag: 0, foundFace: null, code: 'MODEL_NOT_READY' } });
  });

  it('asks for the one large face of the key’s model', async () => {
    await ask(text);
    expect(api.recogniser.asked).toMatchObject([{ model: storageId, options: { faces: 'largest' } }]);
  });

  it.each([
    ['curl --data @file: base64 called a form', text, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['curl --data-urlencode', encodeURIComponent(text), { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a form whose plus became a space', text.replaceAll('+', ' '), { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a form with a field', `image=${encodeURIComponent(text)}`, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['curl --data-binary with lines', (text.match(/.{1,76}/g) ?? []).join('\n'), { 'content-type': 'application/x-www-form-urlencoded' }],
    ['curl --data-binary of the picture itself', image, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['Python’s requests with base64 bytes: no type at all', text, {}],
    ['Python’s requests with str() of them', `b'${text}'`, {}],
    ['Python’s requests with the bytes of the file', image, {}],
    ['text', text, { 'content-type': 'text/plain; charset=utf-8' }],
    ['a data URI', `data:image/jpeg;base64,${text}`, { 'content-type': 'text/plain' }],
    ['a JPEG', image, { 'content-type': 'image/jpeg' }],
    ['bytes', image, { 'content-type': 'application/octet-stream' }],
    ['JSON', JSON.stringify({ image: text }), { 'content-type': 'application/json' }],
    [
      'JSON with a data URI',
      JSON.stringify({ image: `data:image/png;base64,${text}` }),
      { 'content-type': 'application/json; charset=utf-8' },
    ],
    ['JSON that is only the text', JSON.stringify(text), { 'content-type': 'application/json' }],
    ['JSON that curl called a form', JSON.stringify({ image: text }), { 'content-type': 'application/x-www-form-urlencoded' }],
  ])('takes the image as %s', async (_how, payload, headers) => {
    expect(await ask(payload, headers)).toMatchObject({ status: 200, body: { foundFlag: 1 } });
    expect(api.recogniser.asked.map((a) => a.sha256)).toEqual([sha256Hex(image)]);
  });

  it.each([
    ['a file of any name', [{ name: 'photo', value: image, filename: 'a.jpg' }]],
    ['a file of base64', [{ name: 'image', value: text, filename: 'a.txt' }]],
    ['a field of base64', [{ name: 'image', value: text }]],
  ])('takes the image as multipart with %s', async (_how, parts) => {
    const { payload, headers } = multipart(parts);
    const answer = await ask(payload, headers);
    expect(answer).toMatchObject({ status: 200, body: { foundFlag: 1 } });
  });

  it.each([
    ['the header x-api-key', { 'x-api-key': apiKey }],
    ['a bearer token', { authorization: `Bearer ${apiKey}` }],
    ['a bearer token in small letters', { authorization: `bearer ${apiKey}` }],
  ])('takes the key as %s', async (_how, headers) => {
    expect(await ask(image, { ...headers, 'content-type': 'image/jpeg' }, '/')).toMatchObject({ status: 200, body: { foundFlag: 1 } });
  });

  it('takes a path that ends with a slash', async () => {
    expect((await ask(text, {}, `/${apiKey}/`)).status).toBe(200);
  });

  it.each([
    ['is not base64', 'this is no image!', {}, 422, 'IMAGE_UNREADABLE'],
    ['is empty', '', { 'content-type': 'image/jpeg' }, 422, 'IMAGE_UNREADABLE'],
    ['is an address, which is never fetched', 'http://169.254.169.254/latest/', {}, 422, 'IMAGE_UNREADABLE'],
    ['has a media type that is no image', image, { 'content-type': 'video/mp4' }, 415, 'MEDIA_TYPE_UNSUPPORTED'],
    ['is compressed', image, { 'content-type': 'image/jpeg', 'content-encoding': 'gzip' }, 415, 'MEDIA_TYPE_UNSUPPORTED'],
    ['is malformed JSON', '{"image": ', { 'content-type': 'application/json' }, 400, 'REQUEST_INVALID'],
    [
      'has a field that nobody knows',
      JSON.stringify({ image: text, url: 'x' }),
      { 'content-type': 'application/json' },
      400,
      'REQUEST_INVALID',
    ],
    ['has the wrong type', JSON.stringify({ image: 1 }), { 'content-type': 'application/json' }, 400, 'REQUEST_INVALID'],
    ['is empty JSON', '{}', { 'content-type': 'application/json' }, 400, 'REQUEST_INVALID'],
    ['has two images in JSON', `{"image": "${text}", "image": "${text}"}`, { 'content-type': 'application/json' }, 400, 'REQUEST_INVALID'],
    ['has a list of images in JSON', JSON.stringify({ images: [text] }), { 'content-type': 'application/json' }, 400, 'REQUEST_INVALID'],
    [
      'is JSON in UTF-16',
      Buffer.from(JSON.stringify({ image: text }), 'utf16le'),
      { 'content-type': 'application/json' },
      400,
      'REQUEST_INVALID',
    ],
    ['nests without end', '['.repeat(200_000), { 'content-type': 'application/json' }, 400, 'REQUEST_INVALID'],
    ['nests without end in an object', `{"image": ${'['.repeat(200_000)}`, { 'content-type': 'application/json' }, 400, 'REQUEST_INVALID'],
    ['is multipart without a boundary', image, { 'content-type': 'multipart/form-data' }, 400, 'REQUEST_INVALID'],
    ['is over the limit', Buffer.alloc(300 * 1024, 65), {}, 413, 'BODY_TOO_LARGE'],
  ])('is refused, in the ancestor’s form, when the body %s', async (_why, payload, headers, status, code) => {
    const answer = await ask(payload, headers);
    expect(answer).toMatchObject({ status, body: { foundFlag: 0, foundFace: null, code } });
    expect(Object.keys(answer.body).slice(0, 2)).toEqual(['foundFlag', 'foundFace']);
    expect(typeof answer.body['detail']).toBe('string');
    expect(api.recogniser.asked).toEqual([]);
  });

  it('is refused when two images come at once', async () => {
    const { payload, headers } = multipart([1, 2].map((i) => ({ name: `i${i}`, value: photoBytes(i), filename: 'a.jpg' })));
    expect(await ask(payload, headers)).toMatchObject({ status: 400, body: { foundFlag: 0, errors: [{ path: 'body' }] } });
  });

  it.each([
    ['IMAGE_UNREADABLE', 'IMAGE_UNREADABLE' as const],
    ['IMAGE_TOO_LARGE', 'IMAGE_TOO_LARGE' as const],
    ['IMAGE_TOO_SMALL', 'IMAGE_TOO_SMALL' as const],
  ])('says %s when that is what the decoder found', async (_code, problem) => {
    api.recogniser.answer = { kind: 'unreadable', problem, detail: 'measured' };
    expect(await ask(text)).toMatchObject({
      status: 422,
      body: { foundFlag: 0, foundFace: null, code: problem, detail: expect.stringContaining('measured') as unknown },
    });
  });

  it.each([
    ['OVERLOADED', 503],
    ['STORE_UNAVAILABLE', 503],
    ['DEADLINE_EXCEEDED', 504],
    ['INTERNAL', 500],
  ] as const)('says %s with %d, and no more than that', async (code, status) => {
    api.recogniser.nextError = new FaceHashError(code, { detail: 'secret detail', path: '/var/lib' });
    const answer = await ask(text);
    expect(answer).toMatchObject({ status, body: { foundFlag: 0, foundFace: null, code } });
    expect(JSON.stringify(answer.body)).not.toMatch(/secret|var/);
    expect(answer.headers['retry-after'] !== undefined).toBe(status === 503);
  });

  it('answers an unforeseen failure with INTERNAL and keeps the reason to the log', async () => {
    api.recogniser.nextError = new Error('secret reason');
    const answer = await ask(text);
    expect(answer).toMatchObject({ status: 500, body: { code: 'INTERNAL' } });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(api.logger.lines.some((l) => l.level === 'error' && l.fields['code'] === 'INTERNAL')).toBe(true);
  });

  it.each([
    ['unknown', `/${unknownKey}`],
    ['misspelt', `/${apiKey.slice(0, -1)}_`],
    ['no key at all', '/hello'],
  ])('is refused with 401 for a key that is %s', async (_how, url) => {
    const { status, body } = await ask(text, {}, url);
    const { requestId: _, ...rest } = body;
    expect({ status, rest }).toEqual({
      status: 401,
      rest: { foundFlag: 0, foundFace: null, code: 'API_KEY_INVALID', detail: 'The API key is unknown or was revoked' },
    });
  });
});
