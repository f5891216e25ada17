export { assumeRunRole, type RunRole, type TemporaryCredentials } from './assume-run-role.js';
export type { StoreHealth } from './health.js';
export type { S3Credentials, S3Options } from './options.js';
export { openS3ObjectStore, type S3ObjectStore } from './s3-object-store.js';
