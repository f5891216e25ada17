export { aManifest, aStatus, aStoredModel } from './builders.js';
export { describeFaceModelRepositoryContract } from './contract.js';
export { InMemoryFaceModels } from './in-memory-face-models.js';
export { refusedManifests, takenSpecs, type RefusedManifest } from './refused.js';
