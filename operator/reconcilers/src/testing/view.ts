import { faceModelSpec, kubernetesStatusOf, parseKubernetesStatus, type KubernetesStatus } from '@facehash/facemodel';
import { aManifest, aStatus } from '@facehash/facemodel/testing';
import type { KubeObject } from '@facehash/operator-runtime';
import type { FaceModelView } from '../face-model-view.js';

interface ViewOverrides {
  readonly metadata?: Partial<FaceModelView['metadata']>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Partial<KubernetesStatus> | null;
}

/** A FaceModel that was just applied; `spec` is what its owner would write, and a status is filled in where one is given. */
export function aView({ metadata, spec, status }: ViewOverrides = {}): FaceModelView {
  const name = metadata?.name ?? 'front-door';
  return {
    metadata: { name, namespace: 'default', uid: 'fm-0001-test', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
    spec: aManifest(name, spec).spec,
    status: status ? { ...nothingYet, ...status } : null,
  };
}

const nothingYet = kubernetesStatusOf(aStatus('fm-0001-test'), {
  previous: null,
  now: new Date('2026-01-01T00:00:00Z'),
  jobName: null,
  queuePosition: null,
  apiKey: null,
});

/** As the cache of the operator reads it. */
export function viewOf(object: KubeObject): FaceModelView {
  const status = parseKubernetesStatus(object['status']);
  return { metadata: object.metadata, spec: faceModelSpec.parse(object['spec'] ?? {}), status: status.ok ? status.kubernetes : null };
}

/** A whole status with this about the key, as the operator writes it. */
export function statusWith(overrides: Partial<KubernetesStatus>): KubernetesStatus {
  return { ...nothingYet, ...overrides };
}
