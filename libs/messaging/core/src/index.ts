export { checkBucketKey } from './keys.js';
export type { CommandQueue, EventStream, KvBucket, KvChange, KvEntry, Messaging } from './ports.js';
export {
  commandSchema,
  eventSchema,
  modelStateSchema,
  peopleProjectionSchema,
  progressMessageSchema,
  replicaReportSchema,
  type Command,
  type FaceHashEvent,
  type ModelState,
  type PeopleProjection,
  type ProgressMessage,
  type ReplicaReport,
} from './schemas.js';
