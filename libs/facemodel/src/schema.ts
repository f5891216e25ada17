import { z } from 'zod';
import { modelName, secretName, storageId } from './identity.js';
import { withRules } from './rules.js';
import { serving } from './serving-spec.js';
import { training } from './training-spec.js';

export const API_VERSION = 'facehash.dev/v1alpha1';
export const KIND = 'FaceModel';

const photosPerPerson = withRules(
  z.strictObject({
    min: z.int().min(1).max(500).default(1).meta({ description: 'Who has fewer is not trained yet. Five or more are advised.' }),
    max: z.int().min(1).max(500).default(500).meta({ description: 'More are refused.' }),
  }),
  [{ field: 'min', message: 'must not be above max', holds: ({ min, max }) => min <= max, cel: 'self.min <= self.max' }],
)
  .prefault({})
  .meta({ description: 'How many photos one person may have.' });

const recognition = z
  .strictObject({
    falseAcceptTarget: z
      .number()
      .min(0.00001)
      .max(0.5)
      .default(0.01)
      .meta({ description: 'Share of strangers that may be named, 0 to 1. A change needs no training.' }),
    maxFaces: z.int().min(1).max(64).default(16).meta({ description: 'Faces of one picture that are looked at, the largest first.' }),
  })
  .prefault({})
  .meta({ description: 'How strictly people are recognised.' });

const limits = withRules(
  z.strictObject({
    people: z.int().min(1).max(100000).default(1000).meta({
      description: 'People who may be enrolled. Their names together take at most 900 KiB, which some 20,000 names of usual length do.',
    }),
    photos: z.int().min(1).max(10000000).default(100000).meta({ description: 'Photos that may be enrolled, of all people together.' }),
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
  }),
  [
    {
      field: 'burst',
      message: 'needs requestsPerSecond beside it',
      holds: ({ burst, requestsPerSecond }) => burst === null || requestsPerSecond !== null,
      cel: '!has(self.burst) || has(self.requestsPerSecond)',
    },
  ],
)
  .prefault({})
  .meta({ description: 'What is refused when there is more of it.' });

const versions = z
  .strictObject({
    keep: z
      .int()
      .min(1)
      .max(100)
      .default(5)
      .meta({ description: 'Versions that stay stored, the newest first, beside the one that answers.' }),
    pin: z.string().max(63).nullable().default(null).meta({ description: 'This version answers, at once and whatever is enrolled.' }),
  })
  .prefault({})
  .meta({ description: 'Which versions are kept, and which one answers.' });

/**
 * What the owner of a model wishes. Fields that nothing acts on yet are not in the schema: an unknown field is an error,
 * so a resource never promises what is not done. Defaults are filled in by parsing. The resource definition of Kubernetes and the
 * reference page are generated from it, descriptions and rules too.
 */
export const faceModelSpec = z.strictObject({
  displayName: z.string().min(1).max(200).optional().meta({ description: 'What people read in place of the name.' }),
  apiKey: z
    .strictObject({
      secretName: secretName.meta({
        description: 'Name of the Secret that holds the key, beside the FaceModel. It is created with the model.',
      }),
    })
    .optional()
    .meta({ description: 'Where the owner finds the key in a cluster; absent: in a Secret of the model’s name with -api-key behind it.' }),
  photosPerPerson,
  training,
  recognition,
  limits,
  storageId: storageId
    .nullable()
    .default(null)
    .meta({ description: 'What everything of the model is stored under. Immutable; null: the UID. Set it to adopt a restored backup.' }),
  versions,
  serving,
  suspend: z
    .boolean()
    .default(false)
    .meta({ description: 'Nothing is trained and no version is taken over; the one that answers goes on answering.' }),
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

export type Parsed =
  { readonly ok: true; readonly manifest: FaceModelManifest } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Parses an unknown value (YAML or JSON already read). The problems carry the path of every fault. */
export function parseManifest(value: unknown): Parsed {
  const parsed = faceModelManifest.safeParse(value);
  if (parsed.success) return { ok: true, manifest: parsed.data };
  return { ok: false, problems: problemsOf(parsed.error) };
}

export function problemsOf({ issues }: z.ZodError): readonly Problem[] {
  return issues.map(({ path, message }) => ({ path: path.join('.'), message }));
}

export interface Problem {
  /** Dotted path of the faulty field, empty for the whole. */
  readonly path: string;
  readonly message: string;
}
