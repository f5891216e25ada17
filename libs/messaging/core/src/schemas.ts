import { z } from 'zod';

/** Versioned values and messages. `v` is the format's version: a reader refuses one that it doesn't know instead of guessing. */
const v = z.literal(1);
const versionSummary = z.strictObject({
  name: z.string(),
  snapshot: z.int(),
  trainedAt: z.string(),
  people: z.int(),
  photos: z.int(),
  rank1: z.number().nullable(),
  knownAcceptRate: z.number().nullable(),
  backend: z.string(),
  pipeline: z.string(),
});

/**
 * `facehash-models/<storageId>`: what the controller last published of a model. Replicas answer from it.
 * `fence` orders writers: a replica ignores a value whose (term, sequence) is lower than one it has seen.
 */
export const modelStateSchema = z.strictObject({
  v,
  fence: z.strictObject({ term: z.int().min(0), sequence: z.int().min(0) }),
  storageId: z.string(),
  namespace: z.string(),
  name: z.string(),
  displayName: z.string().nullable(),
  apiKeyHashes: z.array(z.string()).max(2),
  phase: z.enum(['Empty', 'Waiting', 'Training', 'RollingOut', 'Ready', 'Degraded', 'Suspended', 'Deleting']),
  active: versionSummary.nullable(),
  target: versionSummary.nullable(),
  /** `versions.pin` of the resource: this version answers, whatever is enrolled or activated. */
  pin: z.string().nullable(),
  /** A version that was activated by hand: it answers until that is taken back. */
  activation: z.strictObject({ version: z.string(), at: z.string() }).nullable(),
  /** Ids of the replicas that take the target now; null: all of them. */
  targetReplicas: z.array(z.string()).nullable(),
  training: z.strictObject({
    run: z.string().nullable(),
    stage: z.string().nullable(),
    percent: z.number().nullable(),
    attempt: z.int(),
    /** The last snapshot that will not become a version by itself, and why: what a waiting `/train` is told. */
    lastFailure: z.strictObject({ snapshot: z.int(), code: z.string(), message: z.string(), at: z.string() }).nullable(),
  }),
  /** Ids of people who are enrolled and whom the version leaves out, because their photos spoil the recognition of others. */
  quarantined: z.array(z.string()),
  /** Ids of people who are being erased and whom no version, snapshot or run that is stored can hold any more. */
  erased: z.array(z.string()),
  conditions: z.array(
    z.strictObject({ type: z.string(), status: z.string(), reason: z.string(), message: z.string(), observedGeneration: z.int() }),
  ),
  recognition: z.strictObject({ falseAcceptTarget: z.number(), maxFaces: z.int() }),
  photosPerPerson: z.strictObject({ min: z.int(), max: z.int() }),
  limits: z.strictObject({ people: z.int(), photos: z.int(), requestsPerSecond: z.number().nullable(), burst: z.int().nullable() }),
  debounceSeconds: z.number(),
  /** Of pods of its own, which answer for it: `http://host:port`; null: whoever is asked answers. */
  route: z.string().nullable().default(null),
  /** The model is gone for good: forget what you hold of it, and erase what is stored … */
  tombstone: z.boolean(),
  /** … unless its owner keeps that. */
  keep: z.boolean().default(false),
});
export type ModelState = z.output<typeof modelStateSchema>;

/** `facehash-people/<storageId>`: the one place where ids become names. Written by inference only. */
export const peopleProjectionSchema = z.strictObject({
  v,
  storageId: z.string(),
  /** Counts changes of this value. */
  revision: z.int().min(0),
  names: z.record(z.string(), z.string()),
  /** Person id to the moment of the deletion: masked at once, whatever version answers. */
  tombstones: z.record(z.string(), z.string()),
});
export type PeopleProjection = z.output<typeof peopleProjectionSchema>;

/**
 * `facehash-replicas/<replica>.<storageId>`: what one replica holds of one model; `facehash-replicas/<replica>`: that it is there. Each
 * replica writes its own.
 */
export const replicaReportSchema = z.strictObject({
  v,
  replica: z.string(),
  /** Null: of the replica itself, which stands for all that it was not asked for yet. */
  storageId: z.string().nullable(),
  /** It takes requests. */
  ready: z.boolean(),
  at: z.string(),
  /** The version that answers here. */
  answering: z.string().nullable(),
  /** A version that was verified here but is not held in memory (the model is cold). */
  verifiedCold: z.string().nullable(),
  /** A version that could not be taken over, and why. `artifact`: retrying cannot help; `transient`: it is being retried. */
  failed: z
    .strictObject({ version: z.string(), kind: z.enum(['artifact', 'transient']), code: z.string(), message: z.string() })
    .nullable(),
  /** Newest revision of the bucket of people projections that it answers by. */
  peopleRevision: z.int(),
  /** Storage id of the one model that it is there for; null: it is there for all that have no replicas of their own. */
  only: z.string().nullable().default(null),
  /** Names the versions that it was started for, of models whose pods are restarted for each; null: it was not. */
  rollout: z.string().nullable().default(null),
});
export type ReplicaReport = z.output<typeof replicaReportSchema>;

/**
 * Work for the controller. Losing one costs delay only, as the controller also re-reads what they point at; but for `activate`, which is
 * recorded once it stands in the model's state. Its `version` is null to take an activation back.
 */
export const commandSchema = z.discriminatedUnion('kind', [
  z.strictObject({ v, id: z.string(), kind: z.literal('train'), storageId: z.string(), snapshot: z.int() }),
  z.strictObject({ v, id: z.string(), kind: z.literal('activate'), storageId: z.string(), version: z.string().nullable() }),
  z.strictObject({ v, id: z.string(), kind: z.literal('erased'), storageId: z.string(), personId: z.string() }),
]);
export type Command = z.output<typeof commandSchema>;

/** What a training run says of how far it is. Nothing keeps it: a newer one takes its place. */
export const progressMessageSchema = z.strictObject({
  v,
  storageId: z.string(),
  run: z.string(),
  stage: z.string(),
  /** Of the whole run, 0 to 100. */
  percent: z.number().min(0).max(100),
});
export type ProgressMessage = z.output<typeof progressMessageSchema>;

/** What people and systems may subscribe to: CloudEvents 1.0, structured. */
export const eventSchema = z.strictObject({
  specversion: z.literal('1.0'),
  id: z.string(),
  source: z.string(),
  type: z.string().regex(/^dev\.facehash\.[a-z]+\.[a-z-]+$/),
  /** The storage id. */
  subject: z.string(),
  time: z.string(),
  datacontenttype: z.literal('application/json'),
  data: z.record(z.string(), z.unknown()),
});
export type FaceHashEvent = z.output<typeof eventSchema>;
