import { z } from 'zod';
import { problemsOf, type Problem } from './schema.js';
import { conditionTypes, reasons, type Condition, type ConditionType, type FaceModelStatus, type Reason } from './status.js';
import { kubernetesStatus, MESSAGE_LENGTH_MAX, type KubernetesStatus } from './kubernetes-status-schema.js';

/** What the operator knows beside what was decided. */
export interface KubernetesFacts {
  readonly previous: Pick<KubernetesStatus, 'conditions'> | null;
  readonly now: Date;
  /** The Job of the run that is under way. */
  readonly jobName: string | null;
  /** Place in the queue of runs, from 1; 0: it has begun; null: no run is wanted. */
  readonly queuePosition: number | null;
  readonly apiKey: KubernetesStatus['apiKey'];
}

/** The status as it is written to the resource. Messages that are too long for it are cut, so that one never keeps a status from being written. */
export function kubernetesStatusOf(status: FaceModelStatus, facts: KubernetesFacts): KubernetesStatus {
  const { lastFailure, waitingFor = null, ...training } = status.training;
  return {
    ...status,
    activation: status.activation ?? null,
    training: {
      ...training,
      waitingFor: waitingFor === null ? null : cut(waitingFor),
      jobName: facts.jobName,
      queuePosition: facts.queuePosition,
      lastFailure: lastFailure && { ...lastFailure, message: cut(lastFailure.message) },
    },
    quarantined: status.quarantined.map((entry) => ({ ...entry, message: cut(entry.message) })),
    apiKey: facts.apiKey,
    conditions: status.conditions.map((condition) => ({
      ...condition,
      message: cut(condition.message),
      lastTransitionTime: transitionTime(condition, facts),
    })),
  };
}

/** Not a change of reason or message: Kubernetes counts only those of the status. */
function transitionTime({ type, status }: Condition, { previous, now }: KubernetesFacts): string {
  const before = previous?.conditions.find((condition) => condition.type === type);
  return before?.status === status ? before.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`;
}

function cut(message: string): string {
  return message.length <= MESSAGE_LENGTH_MAX ? message : `${message.slice(0, MESSAGE_LENGTH_MAX - 1)}…`;
}

export type ParsedStatus =
  | { readonly ok: true; readonly kubernetes: KubernetesStatus | null; readonly status: FaceModelStatus | null }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads a status back: what lifecycle decides from, and what the next write compares with. Null for a resource without one. Fields that
 * an older operator did not write get their defaults; those of a newer one are left out, and so are conditions that are unknown here.
 */
export function parseKubernetesStatus(value: unknown): ParsedStatus {
  if (empty.safeParse(value).success) return { ok: true, kubernetes: null, status: null };
  const parsed = kubernetesStatus.safeParse(value);
  if (!parsed.success) return { ok: false, problems: problemsOf(parsed.error) };
  const { apiKey: _, conditions, training, ...rest } = parsed.data;
  const { jobName: _job, queuePosition: _position, ...run } = training;
  return { ok: true, kubernetes: parsed.data, status: { ...rest, training: run, conditions: conditions.flatMap(known) } };
}

const empty = z.strictObject({}).nullish();

function known({ type, reason, status, message, observedGeneration }: KubernetesStatus['conditions'][number]): readonly Condition[] {
  return isType(type) && isReason(reason) ? [{ type, status, reason, message, observedGeneration }] : [];
}

function isType(name: string): name is ConditionType {
  return Object.hasOwn(conditionTypes, name);
}

function isReason(name: string): name is Reason {
  return Object.hasOwn(reasons, name);
}
