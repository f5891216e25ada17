export { describeModelBackendContract, someHyperparameters } from './contract.js';
export { InMemoryModelBackend } from './in-memory-model-backend.js';
export { aGallery, RATIO_COUNT, someStrangers, type GalleryOptions } from './samples.js';
