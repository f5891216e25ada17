import type { KubeObject, ObjectMeta } from '@facehash/operator-runtime';
import { z } from 'zod';
import { STORAGE_ID_LABEL, TRAINER_CONTAINER } from './names.js';
import { identityOf } from './observed-job.js';

/** How the trainer in a pod ended. */
export interface TrainerExit {
  readonly code: number;
  /** `OOMKilled`, `Error` … */
  readonly reason: string;
  /** What it left as its termination message. */
  readonly message: string;
}

/** What is kept of a pod of a training Job. */
export interface TrainerPod {
  readonly metadata: ObjectMeta;
  readonly storageId: string;
  /** The Job that made it: its name may have been used before. */
  readonly jobUid: string;
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  /** Of the pod itself, such as `Evicted` or `DeadlineExceeded`. */
  readonly reason: string;
  readonly message: string;
  readonly createdAtMs: number;
  /** When a node took it. */
  readonly startedAtMs: number | undefined;
  /** Why no node has taken it, in the scheduler's words. */
  readonly unschedulable: string | undefined;
  /** It had to make room, or its node is gone: nothing is wrong with it. */
  readonly disrupted: boolean;
  /** Why its container does not run yet. */
  readonly waiting: { readonly reason: string; readonly message: string } | undefined;
  readonly exit: TrainerExit | undefined;
}

const text = z.string().default('');
const time = z.string().transform((written) => Date.parse(written));
const phase = z.enum(['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']);

const podSchema = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
  status: z
    .object({
      phase: phase.default('Pending'),
      reason: text,
      message: text,
      startTime: time.optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string(), reason: text, message: text })).nullish(),
      containerStatuses: z
        .array(
          z.object({
            name: z.string(),
            state: z
              .object({
                waiting: z.object({ reason: text, message: text }).optional(),
                terminated: z.object({ exitCode: z.int(), reason: text, message: text }).optional(),
              })
              .default({}),
          }),
        )
        .nullish(),
    })
    .prefault({}),
});

/** @throws {ZodError} when it is no pod */
export function observedPod(object: KubeObject): TrainerPod {
  const { metadata, status } = podSchema.parse(object);
  const { waiting, terminated } = status.containerStatuses?.find(({ name }) => name === TRAINER_CONTAINER)?.state ?? {};
  const conditions = status.conditions ?? [];
  const unscheduled = conditions.find((c) => c.type === 'PodScheduled' && c.status === 'False' && c.reason === 'Unschedulable');
  return {
    metadata: identityOf(object.metadata),
    storageId: metadata.labels[STORAGE_ID_LABEL] ?? '',
    jobUid: metadata.labels['batch.kubernetes.io/controller-uid'] ?? '',
    phase: status.phase,
    reason: status.reason,
    message: status.message,
    createdAtMs: Date.parse(object.metadata.creationTimestamp ?? ''),
    startedAtMs: status.startTime,
    unschedulable: unscheduled?.message,
    disrupted: conditions.some((c) => c.type === 'DisruptionTarget' && c.status === 'True'),
    waiting,
    exit: terminated && { code: terminated.exitCode, reason: terminated.reason, message: terminated.message },
  };
}
