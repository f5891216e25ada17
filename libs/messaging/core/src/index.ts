export { checkBucketKey } from './keys.js';
export type { CommandQueue, EventStream, KvBucket, KvChange, KvEntry, Messaging } from './ports.js';
export {
  commandSchema,
  eventSchema,
  modelStateSchema,
  peopleProjectionSchema,
  replicaReportSchema,
  type Command,
  type FaceHashEvent,
  type ModelState,
  type PeopleProjection,
  type ReplicaReport,
} from './schemas.js';
