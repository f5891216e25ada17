export { aPerson, aPhoto } from './builders.js';
export { describeRegistryContract } from './contract.js';
export { InMemoryRegistry } from './in-memory-registry.js';
