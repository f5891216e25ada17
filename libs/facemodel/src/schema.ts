import { z } from 'zod';

export const API_VERSION = 'facehash.dev/v1alpha1';
export const KIND = 'FaceModel';

/** A DNS label of at most 40 characters, so that child names (Jobs, Services) still fit into 63. */
const modelName = z
  .string()
  .max(40)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be a DNS label: lower-case letters, digits and hyphens, not at either end');

const secretName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be a DNS subdomain');

const storageId = z
  .string()
  .min(8)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and hyphens');

const hyperparameters = z
  .strictObject({
    hiddenUnits: z
      .array(z.int().min(1).max(1024))
      .max(4)
      .default([64])
      .meta({ description: 'Widths of the trainable branch’s hidden layers.' }),
    epochs: z.int().min(0).max(1000).default(20).meta({ description: 'Of the trainable branch. 0: the imprinted layer stands alone.' }),
    batchSize: z.int().min(1).max(4096).default(32),
    learningRate: z.number().positive().max(1).default(0.001),
    dropout: z.number().min(0).max(0.9).default(0.2),
    l2: z.number().min(0).max(1).default(0.0001),
    seed: z.int().min(0).max(2147483647).default(1),
  })
  .prefault({});

/** No part of a version's name: the numbers that come out are the same to within rounding, and the version says what made it. */
const accelerator = z.strictObject({
  resource: z
    .string()
    .max(100)
    .regex(/^nvidia\.com\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be a resource of nvidia.com: TensorFlow is built for no other GPU here')
    .default('nvidia.com/gpu')
    .meta({ description: 'What a cluster reserves for a run; one machine has no reservations.' }),
  count: z.int().min(1).max(8).default(1).meta({ description: 'How many of it; a run computes on the first.' }),
  onUnavailable: z
    .enum(['UseCpu', 'Wait'])
    .default('UseCpu')
    .meta({ description: 'Wait: no run without a GPU, tried again until there is one. UseCpu: a GPU where there is one.' }),
});

const training = z
  .strictObject({
    debounceSeconds: z.number().min(0).max(3600).default(0.5),
    hyperparameters,
    accelerator: accelerator.nullable().default(null).meta({ description: 'What the key’s model is fitted on; null: the CPU.' }),
    deadlineSeconds: z.int().min(10).max(86400).default(1800),
    retries: z.int().min(0).max(10).default(2),
    gate: z.strictObject({ mode: z.enum(['Enforce', 'Warn', 'Off']).default('Enforce') }).prefault({}),
  })
  .prefault({});

const photosPerPerson = z
  .strictObject({ min: z.int().min(1).max(500).default(1), max: z.int().min(1).max(500).default(500) })
  .prefault({})
  .refine((p) => p.min <= p.max, { path: ['min'], message: 'must not be above max' });

const serving = z
  .strictObject({
    rollout: z
      .strictObject({
        strategy: z.enum(['HotSwap']).default('HotSwap'),
        firstWave: z.int().min(1).max(100).default(1),
        progressDeadlineSeconds: z.int().min(1).max(86400).default(120),
      })
      .prefault({}),
  })
  .prefault({});

const limits = z
  .strictObject({
    people: z.int().min(1).max(100000).default(1000),
    photos: z.int().min(1).max(10000000).default(100000),
    requestsPerSecond: z
      .number()
      .min(0.01)
      .max(100000)
      .nullable()
      .default(null)
      .meta({ description: 'Of the key, on average and at each replica; null: as many as the replica answers.' }),
    burst: z
      .int()
      .min(1)
      .max(1000000)
      .nullable()
      .default(null)
      .meta({ description: 'Requests that may come at once; null: those of one second, and at least one.' }),
  })
  .prefault({})
  .refine((l) => l.burst === null || l.requestsPerSecond !== null, { path: ['burst'], message: 'needs requestsPerSecond beside it' });

/**
 * What the owner of a model wishes. Fields that nothing acts on yet are not in the schema: an unknown field is an error,
 * so a resource never promises what is not done. Defaults are filled in by parsing.
 */
export const faceModelSpec = z.strictObject({
  displayName: z.string().min(1).max(200).optional(),
  apiKey: z.strictObject({ secretName }).optional(),
  photosPerPerson,
  training,
  recognition: z
    .strictObject({
      falseAcceptTarget: z
        .number()
        .min(0.00001)
        .max(0.5)
        .default(0.01)
        .meta({ description: 'Share of strangers that may be named, 0 to 1.' }),
      maxFaces: z.int().min(1).max(64).default(16),
    })
    .prefault({}),
  limits,
  storageId: storageId.nullable().default(null).meta({ description: 'Immutable; null: the UID. Set it to adopt a restored backup.' }),
  versions: z
    .strictObject({
      keep: z
        .int()
        .min(1)
        .max(100)
        .default(5)
        .meta({ description: 'Versions that stay stored, the newest first, beside the one that answers.' }),
      pin: z.string().max(63).nullable().default(null).meta({ description: 'This version answers, at once and whatever is enrolled.' }),
    })
    .prefault({}),
  serving,
  suspend: z.boolean().default(false),
});

/** A FaceModel as its owner writes it: the file that `facehash apply -f` and `kubectl apply -f` take. */
export const faceModelManifest = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(KIND),
  metadata: z.strictObject({
    name: modelName,
    namespace: z.string().max(63).optional(),
    labels: z.record(z.string(), z.string().max(63)).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: faceModelSpec.prefault({}),
});

export type FaceModelSpec = z.output<typeof faceModelSpec>;
export type FaceModelManifest = z.output<typeof faceModelManifest>;
export type TrainingSpec = FaceModelSpec['training'];
export type Hyperparameters = TrainingSpec['hyperparameters'];

/** Parses an unknown value (YAML or JSON already read). The problems carry the path of every fault. */
export function parseManifest(
  value: unknown,
): { readonly ok: true; readonly manifest: FaceModelManifest } | { readonly ok: false; readonly problems: readonly Problem[] } {
  const parsed = faceModelManifest.safeParse(value);
  if (parsed.success) return { ok: true, manifest: parsed.data };
  return { ok: false, problems: parsed.error.issues.map((i) => ({ path: i.path.join('.'), message: i.message })) };
}

export interface Problem {
  /** Dotted path of the faulty field, empty for the whole. */
  readonly path: string;
  readonly message: string;
}
