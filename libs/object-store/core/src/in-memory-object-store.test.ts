import { describeObjectStoreContract, InMemoryObjectStore } from './testing/index.js';

describeObjectStoreContract('in memory', async () => ({ store: new InMemoryObjectStore(), close: async () => undefined }));
