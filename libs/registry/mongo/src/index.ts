export type { MongoOptions } from './mongo-options.js';
export { openMongoRegistry, type MongoRegistry } from './mongo-registry.js';
