import type { FaceModelSpec, KubernetesStatus } from '@facehash/facemodel';
import type { EventNote, ObjectMeta } from '@facehash/operator-runtime';
import { faceModels } from './resources.js';

/** What is looked at of a FaceModel as Kubernetes has it. */
export interface FaceModelView {
  readonly metadata: ObjectMeta;
  /** Undefined where this operator cannot read it. */
  readonly spec: FaceModelSpec | undefined;
  readonly status: KubernetesStatus | null;
}

/** Of a spec that cannot be read, what was found out before. */
export function storageIdOfView({ metadata: { uid = '' }, spec, status }: FaceModelView): string {
  return spec ? (spec.storageId ?? uid) : (status?.storageId ?? uid);
}

/** Who hears of something, for `kubectl describe`. */
export type Recording = (note: EventNote) => void;

export function noteAbout(
  { metadata: { name, namespace, uid } }: Pick<FaceModelView, 'metadata'>,
  words: Pick<EventNote, 'type' | 'reason' | 'action' | 'note'>,
): EventNote {
  return { resource: faceModels, regarding: { name, ...(namespace === undefined ? {} : { namespace }), uid }, ...words };
}
