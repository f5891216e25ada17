import type { KubeObject, ObjectMeta, Resource } from '@facehash/operator-runtime';
import { z } from 'zod';
import { identityOf } from './observed-job.js';

export const nodes: Resource = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };

/** What is kept of a node: how many accelerators pods may have on it. */
export interface ClusterNode {
  readonly metadata: ObjectMeta;
  readonly accelerators: Readonly<Record<string, number>>;
}

const nodeSchema = z.object({ status: z.object({ allocatable: z.record(z.string(), z.string()).default({}) }).prefault({}) });

/** @throws {ZodError} when it is no node */
export function observedNode(object: KubeObject): ClusterNode {
  const { status } = nodeSchema.parse(object);
  // Resources of vendors are named by their domain, and counted in whole numbers.
  const offered = Object.entries(status.allocatable).filter(([name]) => name.includes('/'));
  const accelerators = Object.fromEntries(offered.map(([name, count]) => [name, Number(count)]));
  return { metadata: identityOf(object.metadata), accelerators };
}

/** Whether any node has so many of them, in use or not. */
export function offersAccelerator(known: Iterable<ClusterNode>, resource: string, count: number): boolean {
  for (const { accelerators } of known) if ((accelerators[resource] ?? 0) >= count) return true;
  return false;
}
