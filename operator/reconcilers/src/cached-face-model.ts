import {
  faceModelSpec,
  parseKubernetesStatus,
  type FaceModelSpec,
  type FaceModelStatus,
  type KubernetesStatus,
  type Problem,
} from '@facehash/facemodel';
import { canonicalJson } from '@facehash/kernel';
import type { KubeObject, ObjectMeta } from '@facehash/operator-runtime';
import { z } from 'zod';

/** A FaceModel as the cache keeps it: read once, and small. */
export interface CachedFaceModel {
  readonly metadata: ObjectMeta;
  /** Undefined where this operator cannot read it: then `problems` says why. */
  readonly spec: FaceModelSpec | undefined;
  /** As it was written last; null for one that nobody has looked at, or whose status cannot be read: it is made anew. */
  readonly status: KubernetesStatus | null;
  /** What decisions are taken from, of it. */
  readonly known: FaceModelStatus | null;
  readonly problems: readonly Problem[];
}

/** What of the metadata is looked at. The rest is the owner's, and may be long. */
const metadata = z.object({
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.int(),
  creationTimestamp: z.string(),
  deletionTimestamp: z.string().optional(),
  finalizers: z.array(z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

const OWN_ANNOTATIONS = 'facehash.dev/';

/** Throws where the metadata is not what every object in a cluster has. */
export function cachedFaceModel(object: KubeObject): CachedFaceModel {
  const { annotations = {}, ...rest } = metadata.parse(object.metadata);
  const own = Object.entries(annotations).filter(([name]) => name.startsWith(OWN_ANNOTATIONS));
  const spec = faceModelSpec.safeParse(object['spec'] ?? {});
  const status = parseKubernetesStatus(object['status']);
  return {
    metadata: { ...withoutUndefined(rest), ...(own.length > 0 ? { annotations: Object.fromEntries(own) } : {}) },
    spec: spec.data,
    ...(status.ok ? { status: status.kubernetes, known: status.status } : { status: null, known: null }),
    problems: spec.error?.issues.map(({ path, message }) => ({ path: ['spec', ...path].join('.'), message })) ?? [],
  };
}

/** Everything of it is stored under this id; undefined where its spec cannot be read. */
export function storageIdIn({
  metadata: { uid = '' },
  spec,
  status,
}: Pick<CachedFaceModel, 'metadata' | 'spec' | 'status'>): string | undefined {
  return spec ? (spec.storageId ?? uid) : status?.storageId;
}

/** Whether both say the same, whatever the order of their fields. */
export function sameStatus(a: KubernetesStatus | null, b: KubernetesStatus | null): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

function withoutUndefined(rest: Omit<z.output<typeof metadata>, 'annotations'>): ObjectMeta {
  const { deletionTimestamp, finalizers, ...always } = rest;
  return { ...always, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }), ...(finalizers ? { finalizers } : {}) };
}
