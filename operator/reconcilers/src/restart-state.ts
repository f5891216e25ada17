import { sha256Hex } from '@facehash/kernel';
import type { Restart } from '@facehash/lifecycle';
import type { KubeObject } from '@facehash/operator-runtime';
import { z } from 'zod';

/** On the pods, which report it: which versions they were started for. */
export const ROLLOUT_ANNOTATION = 'facehash.dev/rollout';
/** On the Deployment: those versions, one digest each. */
export const COVERS_ANNOTATION = 'facehash.dev/rollout-covers';

/** A version on its way to pods that are restarted for it. */
export interface Rolling {
  readonly storageId: string;
  readonly version: string;
}

/** How far a Deployment is. */
export interface RestartState extends Restart {
  readonly covers: ReadonlySet<string>;
}

/** Thirteen characters each; an object has room for 256 KiB of annotations. */
const COVERED_MAX = 10_000;

const annotations = z.record(z.string(), z.string()).default({});
const count = z.int().default(0);
const condition = z.object({ type: z.string(), status: z.string(), reason: z.string().default('') });
const shape = z.object({
  metadata: z.object({ name: z.string(), generation: count, annotations }),
  spec: z.object({
    replicas: z.int().default(1),
    template: z.object({ metadata: z.object({ annotations }).default({ annotations: {} }) }),
  }),
  status: z
    .object({
      observedGeneration: count,
      replicas: count,
      updatedReplicas: count,
      availableReplicas: count,
      conditions: z.array(condition).default([]),
    })
    .prefault({}),
});

/** Throws where it is no Deployment. */
export function restartStateOf(deployment: KubeObject): RestartState {
  const { metadata, spec, status } = shape.parse(deployment);
  const seen = status.observedGeneration >= metadata.generation;
  const whole = [status.replicas, status.updatedReplicas, status.availableReplicas].every((found) => found === spec.replicas);
  const stuck = status.conditions.some(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded');
  return {
    token: spec.template.metadata.annotations[ROLLOUT_ANNOTATION] ?? '',
    covers: new Set((metadata.annotations[COVERS_ANNOTATION] ?? '').split(',').filter((digest) => digest !== '')),
    done: seen && whole,
    failed: seen && stuck ? `the pods of the Deployment ${metadata.name} that were started last do not become ready in time` : null,
  };
}

/** Null: its turn has not come. */
export function restartOf(state: RestartState, rolling: Rolling): Restart | null {
  if (!state.covers.has(digestOf(rolling))) return null;
  const { token, done, failed } = state;
  return { token, done, failed };
}

/**
 * What to restart the pods for next: all versions that are on their way, together. Null: for nothing. A restart that is under way comes to
 * its end first, so that a steady stream of versions does not keep pods from ever becoming ready; one that is stuck makes way.
 */
export function nextRestart(
  state: RestartState,
  rolling: readonly Rolling[],
): { readonly token: string; readonly covers: readonly string[] } | null {
  const wanted = [...new Set(rolling.map(digestOf))].sort().slice(0, COVERED_MAX);
  if (wanted.every((digest) => state.covers.has(digest))) return null;
  if (!state.done && state.failed === null) return null;
  return { token: sha256Hex(wanted.join()).slice(0, 16), covers: wanted };
}

function digestOf({ storageId, version }: Rolling): string {
  return sha256Hex(`${storageId}/${version}`).slice(0, 12);
}
