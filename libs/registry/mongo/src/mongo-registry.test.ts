import { describeRegistryContract } from '@facehash/registry-core/testing';
import { startServer } from '@facehash/test-servers';
import { onFreshDatabase, orReason } from './testing/on-mongo.js';

const server = await orReason(() => startServer('mongo'));

if (typeof server === 'string') {
  describe('a registry in MongoDB', () => it.skip(`is not tested: ${server}`, () => undefined));
} else {
  afterAll(() => server.stop());
  describeRegistryContract('MongoDB', async () => {
    const opened = await onFreshDatabase(server.url);
    return { registry: opened.registry, close: async () => opened[Symbol.asyncDispose]() };
  });
}
