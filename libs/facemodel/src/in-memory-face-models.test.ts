import { describeFaceModelRepositoryContract, InMemoryFaceModels } from './testing/index.js';

describeFaceModelRepositoryContract('in memory', async () => ({ models: new InMemoryFaceModels(), close: async () => undefined }));
