import { aFace, anAnalysis } from '@facehash/vision-core/testing';
import { apiKey, testApi, type TestApi } from '../../testing/api.js';
import { base64Of, photoBytes } from '../../testing/photos.js';
import { detectionSchema } from './detection-schemas.js';

describe('POST /v1/detect', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await testApi();
  });
  afterEach(() => api[Symbol.asyncDispose]());

  const detect = async (query = '', payload: string | Buffer = photoBytes(), type = 'image/jpeg') => {
    const headers = { 'x-api-key': apiKey, 'content-type': type };
    const response = await api.app.inject({ method: 'POST', url: `/v1/detect${query}`, headers, payload });
    return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
  };

  it('tells of every face, with landmarks, ratios and quality, also for a key that nothing was trained for', async () => {
    api.analyser.otherwise = anAnalysis({ faces: [aFace(), aFace()] });
    const { status, body } = await detect();
    expect(status).toBe(200);
    const { image, faces } = detectionSchema.parse(body);
    expect(image).toEqual({ width: 250, height: 250 });
    expect(faces).toHaveLength(2);
    expect(faces[0]?.landmarks).toHaveLength(68);
    expect(Object.keys(faces[0]?.ratios ?? {}).length).toBeGreaterThan(10);
  });

  it('asks for no descriptors, for as many faces as the model allows, as small as the query says', async () => {
    await api.publish({ recognition: { falseAcceptTarget: 0.01, maxFaces: 4 } });
    await detect('?maxFaces=50&minFaceFraction=0.2');
    await detect();
    expect(api.analyser.calls.map((c) => c.method === 'analyse' && c.options)).toEqual([
      { faces: 'all', maxFaces: 4, minFaceFraction: 0.2, aloneFraction: 0, descriptors: null },
      { faces: 'all', maxFaces: 4, minFaceFraction: 0.08, aloneFraction: 0, descriptors: null },
    ]);
  });

  it('takes the image in JSON and tells what cannot be read', async () => {
    expect((await detect('', JSON.stringify({ image: base64Of(photoBytes()) }), 'application/json')).status).toBe(200);
    api.analyser.otherwise = { readable: false, problem: 'IMAGE_TOO_SMALL', detail: '8 x 8 pixels' };
    expect(await detect()).toMatchObject({ status: 422, body: { code: 'IMAGE_TOO_SMALL', detail: '8 x 8 pixels' } });
  });

  it('knows no candidates', async () => {
    expect(await detect('?candidates=3')).toMatchObject({ status: 400, body: { errors: [{ path: 'candidates' }] } });
  });
});
