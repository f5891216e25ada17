import { FaceHashError } from '@facehash/kernel';
import { describeRegistryContract, InMemoryRegistry } from './testing/index.js';

describeRegistryContract('in memory', async () => ({ registry: new InMemoryRegistry(), close: async () => undefined }));

describe('the fake registry', () => {
  it('fails once when told to, and has changed nothing', async () => {
    const registry = new InMemoryRegistry();
    registry.nextError = new FaceHashError('STORE_UNAVAILABLE');
    await expect(registry.bumpCounter('m')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await registry.bumpCounter('m')).toBe(1);
  });
});
