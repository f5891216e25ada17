import { z } from 'zod';

/** What a Job's container is told by the operator alone: a profile that set it would decide what is trained, or where. */
const RESERVED =
  /^(FACEHASH_RUN|FACEHASH_TERMINATION_MESSAGE|FACEHASH_OBJECTS_DIR|FACEHASH_S3_.+|FACEHASH_NATS_.+|FACEHASH_TENSORFLOW_DEVICE|FACEHASH_TFJS_BACKEND)$/;

const quantity = z
  .union([z.string().regex(/^\d+(\.\d+)?([eE]\d+|[numkKMGTPE]i?)?$/, 'must be a quantity such as 500m, 2 or 4Gi'), z.number().positive()])
  .transform(String);
const quantities = z.record(z.string().min(1).max(253), quantity).default({});
const texts = z.record(z.string().min(1), z.string());
const dnsName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be lower-case letters, digits, dots and hyphens');
/** Handed to Kubernetes as it is, which knows best what is wrong with it. */
const asGiven = z.record(z.string(), z.unknown());

const profile = z.strictObject({
  image: z.string().min(1).max(1000),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).optional(),
  /** Names of Secrets in the platform's namespace. */
  imagePullSecrets: z.array(dnsName).max(20).default([]),
  resources: z.strictObject({ requests: quantities, limits: quantities }),
  nodeSelector: texts.default({}),
  tolerations: z.array(asGiven).max(50).default([]),
  affinity: asGiven.optional(),
  runtimeClassName: dnsName.optional(),
  priorityClassName: dnsName.optional(),
  /** Of Kueue, which then decides when the run may begin. */
  queueName: dnsName.max(63).optional(),
  labels: texts.default({}),
  annotations: texts.default({}),
  env: z
    .record(z.string(), z.string())
    .superRefine((env, context) => {
      for (const name of Object.keys(env).filter((key) => RESERVED.test(key)))
        context.addIssue({ code: 'custom', path: [name], message: 'is set by the operator: leave it out' });
    })
    .default({}),
  /** Beside its own, as pods have them: a descriptor network of one's own, say. */
  volumes: z.array(asGiven).max(20).default([]),
  volumeMounts: z.array(asGiven).max(20).default([]),
  /** Absent: the namespace's default. Its token is mounted in no case. */
  serviceAccountName: dnsName.optional(),
  /** Absent: what the image says. */
  tfjsBackend: z.enum(['wasm', 'cpu', 'tensorflow']).optional(),
  /** Beside nodeSelector, for runs that ask for an accelerator. */
  acceleratorNodeSelector: texts.default({}),
});

const profiles = z
  .record(
    z
      .string()
      .max(63)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and hyphens, not at either end'),
    profile,
  )
  .refine((all) => Object.hasOwn(all, 'default'), {
    path: ['default'],
    message: 'is missing: it is what a FaceModel names that names none',
  });

/** How the training runs that name it are run: owned by the platform's admin, who alone may choose nodes and images. */
export type TrainingProfile = z.output<typeof profile>;
export type TrainingProfiles = Readonly<Record<string, TrainingProfile>>;

export type ParsedProfiles =
  | { readonly ok: true; readonly profiles: TrainingProfiles }
  | { readonly ok: false; readonly problems: readonly { readonly path: string; readonly message: string }[] };

/** Parses the map of profiles by name (YAML or JSON already read). The problems carry the path of every fault. */
export function parseTrainingProfiles(value: unknown): ParsedProfiles {
  const parsed = profiles.safeParse(value);
  if (parsed.success) return { ok: true, profiles: parsed.data };
  return { ok: false, problems: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })) };
}
