export { natsFaults, natsSettings, natsVariables, type NatsSettings } from './messaging.js';
export { s3Environment, s3Faults, s3Settings, s3Variables, type S3Settings } from './object-store.js';
export { mongoFaults, mongoSettings, mongoVariables, type MongoSettings } from './registry.js';
export type { Fault } from './fields.js';
