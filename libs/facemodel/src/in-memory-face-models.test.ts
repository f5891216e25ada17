import { FaceHashError } from '@facehash/kernel';
import { describeFaceModelRepositoryContract, InMemoryFaceModels } from './testing/index.js';

describeFaceModelRepositoryContract('in memory', async () => ({ models: new InMemoryFaceModels(), close: async () => undefined }));

describe('the fake repository of FaceModels', () => {
  it('fails once when told to', async () => {
    const models = new InMemoryFaceModels();
    models.nextError = new FaceHashError('STORE_UNAVAILABLE');
    await expect(models.list()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await models.list()).toEqual([]);
  });
});
