import { z } from 'zod';
import { component } from '../openapi/schema-registry.js';

const version = component(
  'VersionSummary',
  z.strictObject({
    name: z.string(),
    snapshot: z.int(),
    trainedAt: z.string(),
    people: z.int(),
    photos: z.int(),
    rank1: z.number().nullable(),
    knownAcceptRate: z.number().nullable(),
    backend: z.string(),
    pipeline: z.string(),
  }),
);

const condition = component(
  'Condition',
  z.strictObject({ type: z.string(), status: z.string(), reason: z.string(), message: z.string(), observedGeneration: z.int() }),
);

export const modelSchema = component(
  'Model',
  z.strictObject({
    name: z.string(),
    displayName: z.string().nullable(),
    storageId: z.string(),
    phase: z.enum(['Empty', 'Waiting', 'Training', 'RollingOut', 'Ready', 'Degraded', 'Suspended', 'Deleting']),
    people: z.int().meta({ description: 'Enrolled now, trained or not.' }),
    photos: z.int(),
    active: version.nullable().meta({ description: 'The version that answers.' }),
    target: version.nullable().meta({ description: 'The version on its way to the replicas.' }),
    pin: z.string().nullable().meta({ description: 'The version that the FaceModel resource pins: it answers, whatever is enrolled.' }),
    activation: z
      .strictObject({ version: z.string(), at: z.string() })
      .nullable()
      .meta({ description: 'The version that was activated by hand: it answers until that is taken back, or another one is pinned.' }),
    training: z.strictObject({
      run: z.string().nullable(),
      stage: z.string().nullable(),
      percent: z.number().nullable(),
      attempt: z.int(),
      lastFailure: z.strictObject({ snapshot: z.int(), code: z.string(), message: z.string(), at: z.string() }).nullable(),
    }),
    conditions: z.array(condition),
    quarantined: z
      .array(z.string())
      .meta({ description: 'People whose photos spoil the recognition of others: enrolled, and left out of the version.' }),
    recognition: z.strictObject({ falseAcceptTarget: z.number(), maxFaces: z.int() }),
    photosPerPerson: z.strictObject({ min: z.int(), max: z.int() }),
    limits: z.strictObject({ people: z.int(), photos: z.int(), requestsPerSecond: z.number().nullable(), burst: z.int().nullable() }),
  }),
);
export type ModelAnswer = z.output<typeof modelSchema>;

export const trainingBegunSchema = component(
  'TrainingBegun',
  z.strictObject({
    snapshot: z
      .int()
      .nullable()
      .meta({ description: 'The version to wait for has this snapshot or a newer one; null when nobody is enrolled.' }),
  }),
);
