import { FaceHashError, sha256Hex } from '@facehash/kernel';
import { apiKey, testApi, type TestApi } from '../../testing/api.js';
import { base64Of, multipart, photoBytes } from '../../testing/photos.js';
import { verificationSchema } from './detection-schemas.js';

const [one, two] = [photoBytes(1), photoBytes(2)];

describe('POST /v1/verify', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await testApi();
  });
  afterEach(() => api[Symbol.asyncDispose]());

  const verify = async (payload: string | Buffer, headers: Record<string, string> = { 'content-type': 'application/json' }) => {
    const response = await api.app.inject({ method: 'POST', url: '/v1/verify', headers: { 'x-api-key': apiKey, ...headers }, payload });
    return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
  };
  const json = (members: Readonly<Record<string, unknown>>) => verify(JSON.stringify(members));
  const form = (parts: Parameters<typeof multipart>[0]) => {
    const { payload, headers } = multipart(parts);
    return verify(payload, headers);
  };

  it('compares two images, in JSON and in a form', async () => {
    api.verifier.answer = { kind: 'verified', same: false, similarity: 0.5, threshold: 0.91, version: null };
    const { status, body } = await json({ image: base64Of(one), other: base64Of(two) });
    expect([status, verificationSchema.parse(body)]).toEqual([200, { same: false, similarity: 0.5, threshold: 0.91, version: null }]);
    await form([
      { name: 'image', value: one, filename: 'a.jpg' },
      { name: 'other', value: two, filename: 'b.jpg' },
    ]);
    expect(api.verifier.asked).toEqual([
      [sha256Hex(one), sha256Hex(two)],
      [sha256Hex(one), sha256Hex(two)],
    ]);
  });

  it('compares an image with a person, in JSON and in a form, in any order', async () => {
    expect(await json({ personId: 'per_ann', image: base64Of(one) })).toMatchObject({ status: 200, body: { same: true } });
    await form([
      { name: 'personId', value: 'per_ann' },
      { name: 'image', value: base64Of(one) },
    ]);
    expect(api.verifier.asked).toEqual([
      [sha256Hex(one), 'per_ann'],
      [sha256Hex(one), 'per_ann'],
    ]);
  });

  it.each([
    ['no image', { other: base64Of(one) }, 'image'],
    ['nothing to compare with', { image: base64Of(one) }, 'other'],
    ['both', { image: base64Of(one), other: base64Of(one), personId: 'per_ann' }, 'other'],
    ['an unknown field', { image: base64Of(one), name: 'Ann' }, 'name'],
    ['a number for an image', { image: 7, personId: 'per_ann' }, 'image'],
    ['a number for a person', { image: base64Of(one), personId: 7 }, 'personId'],
    ['a list', { image: [base64Of(one)] }, 'image'],
  ])('refuses %s with the path of the fault', async (_, members, path) => {
    expect(await json(members)).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID', errors: [{ path }] } });
    expect(api.verifier.asked).toEqual([]);
  });

  it('refuses a part that is given twice or not known, and another media type', async () => {
    const image = { name: 'image', value: one, filename: 'a.jpg' };
    expect(await form([image, image])).toMatchObject({ status: 400, body: { errors: [{ path: 'image' }] } });
    expect(await form([{ ...image, name: 'face' }])).toMatchObject({ status: 400, body: { errors: [{ path: 'face' }] } });
    expect(await verify(one, { 'content-type': 'image/jpeg' })).toMatchObject({ status: 415, body: { code: 'MEDIA_TYPE_UNSUPPORTED' } });
  });

  it('refuses an image that is too large, and gives back what it held', async () => {
    expect((await json({ image: base64Of(photoBytes(1, 300 * 1024)), personId: 'per_ann' })).status).toBe(413);
    expect((await json({ image: base64Of(one), personId: 'per_ann' })).status).toBe(200);
  });

  it.each([
    ['no face in one of them', { kind: 'unusable', which: 'other', problem: 'FACE_NOT_FOUND', detail: 'none' } as const, 'other: none'],
    ['an image that is none', { kind: 'unusable', which: 'image', problem: 'IMAGE_UNREADABLE', detail: 'junk' } as const, 'image: junk'],
  ])('tells of %s', async (_, answer, detail) => {
    api.verifier.answer = answer;
    expect(await json({ image: base64Of(one), other: base64Of(two) })).toMatchObject({
      status: 422,
      body: { code: answer.problem, detail },
    });
  });

  it.each([
    ['PERSON_NOT_FOUND', 404],
    ['MODEL_NOT_READY', 409],
  ] as const)('answers %s with %d', async (code, status) => {
    api.verifier.nextError = new FaceHashError(code);
    expect(await json({ image: base64Of(one), personId: 'per_ann' })).toMatchObject({ status, body: { code } });
  });
});
