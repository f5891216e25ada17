export { aManifest, aStoredModel } from './builders.js';
export { InMemoryFaceModels } from './in-memory-face-models.js';
