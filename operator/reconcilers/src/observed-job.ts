import { runSpecSchema, type RunSpec } from '@facehash/artifacts';
import type { KubeObject, ObjectMeta } from '@facehash/operator-runtime';
import { z } from 'zod';
import { STORAGE_ID_LABEL } from './names.js';
import { FOREVER, jobAnnotations, QUEUE_LABEL } from './training-job.js';

/** How Kubernetes says that a Job is over. */
export interface JobEnd {
  readonly kind: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
}

/** What is kept of a training Job. */
export interface TrainingJob {
  readonly metadata: ObjectMeta;
  readonly storageId: string;
  /** Null: it is no run that this operator can read. */
  readonly spec: RunSpec | null;
  readonly profileName: string;
  readonly image: string;
  readonly startDeadlineSeconds: number;
  readonly accelerated: boolean;
  readonly suspended: boolean;
  /** Kueue's queue that decides when it may begin. */
  readonly queue: string | undefined;
  /** Null: it was given no credentials yet; infinite where they last for ever. */
  readonly credentialsUntilMs: number | null;
  readonly createdAtMs: number;
  /** When it was last allowed to begin. */
  readonly startedAtMs: number | undefined;
  readonly end: JobEnd | undefined;
}

const text = z.string().default('');
const texts = z.record(z.string(), z.string()).default({});
const time = z.string().transform((written) => Date.parse(written));
const condition = z.object({ type: z.string(), status: z.string(), reason: text, message: text, lastTransitionTime: time.optional() });

const container = z.object({ image: text, env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]) });

const jobSchema = z.object({
  metadata: z.object({ labels: texts, annotations: texts }),
  spec: z.object({
    suspend: z.boolean().default(false),
    template: z.object({ spec: z.object({ containers: z.array(container) }) }),
  }),
  status: z.object({ startTime: time.optional(), conditions: z.array(condition).nullish() }).default({}),
});

/** @throws {ZodError} when it is no Job */
export function observedJob(object: KubeObject): TrainingJob {
  const { metadata, spec, status } = jobSchema.parse(object);
  const { labels, annotations } = metadata;
  return {
    metadata: identityOf(object.metadata),
    storageId: labels[STORAGE_ID_LABEL] ?? '',
    ...trainerOf(spec.template.spec.containers[0]),
    profileName: annotations[jobAnnotations.profile] ?? '',
    startDeadlineSeconds: Number(annotations[jobAnnotations.startDeadline] ?? 0),
    accelerated: annotations[jobAnnotations.accelerated] === 'true',
    suspended: spec.suspend,
    queue: labels[QUEUE_LABEL],
    credentialsUntilMs: endOfCredentials(annotations[jobAnnotations.credentialsUntil]),
    createdAtMs: Date.parse(object.metadata.creationTimestamp ?? ''),
    startedAtMs: status.startTime,
    end: endOf(status.conditions ?? []),
  };
}

function trainerOf(trainer: z.output<typeof container> | undefined): Pick<TrainingJob, 'spec' | 'image'> {
  const run = trainer?.env.find(({ name }) => name === 'FACEHASH_RUN');
  return { spec: runSpecIn(run?.value), image: trainer?.image ?? '' };
}

function endOfCredentials(written: string | undefined): number | null {
  if (written === undefined) return null;
  return written === FOREVER ? Number.POSITIVE_INFINITY : Date.parse(written);
}

function endOf(conditions: readonly z.output<typeof condition>[]): JobEnd | undefined {
  const over = conditions.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
  if (over === undefined) return undefined;
  const { type, reason, message, lastTransitionTime: atMs = 0 } = over;
  return { kind: type === 'Complete' ? 'Complete' : 'Failed', reason, message, atMs };
}

function runSpecIn(value: string | undefined): RunSpec | null {
  try {
    return runSpecSchema.parse(JSON.parse(value ?? ''));
  } catch {
    return null;
  }
}

/** Owner, labels and annotations are read from the object and not kept. */
export function identityOf({ name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp }: ObjectMeta): ObjectMeta {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  };
}
