import { describeRegistryContract, InMemoryRegistry } from './testing/index.js';

describeRegistryContract('in memory', async () => ({ registry: new InMemoryRegistry(), close: async () => undefined }));
