export { aManifest, aStoredModel } from './builders.js';
export { describeFaceModelRepositoryContract } from './contract.js';
export { InMemoryFaceModels } from './in-memory-face-models.js';
