import { kubernetesStatusOf, type FaceModelStatus, type KubernetesFacts } from '@facehash/facemodel';
import type { Clock } from '@facehash/kernel';
import { refOf, keyOf, type KubeClient } from '@facehash/operator-runtime';
import { sameStatus, type CachedFaceModel } from './cached-face-model.js';
import type { OwnWrites } from './own-writes.js';
import { faceModels } from './resources.js';

export interface StatusWriterParts {
  readonly client: Pick<KubeClient, 'patch'>;
  readonly ownWrites: OwnWrites;
  readonly clock: Clock;
}

export type Facts = Pick<KubernetesFacts, 'jobName' | 'queuePosition' | 'apiKey'>;

/** Writes the status of a model where it differs from what is there: a settled model costs no call. */
export class StatusWriter {
  constructor(private readonly parts: StatusWriterParts) {}

  /** Rejects with the runtime's `conflict` when somebody changed the resource since it was read: read again, decide again. */
  async write(
    object: CachedFaceModel,
    decided: { readonly status: FaceModelStatus; readonly facts: Facts },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { client, ownWrites, clock } = this.parts;
    const before = object.status;
    const status = kubernetesStatusOf(decided.status, { ...decided.facts, previous: before, now: clock.now() });
    if (sameStatus(before, status)) return false;
    const { uid = '', resourceVersion } = object.metadata;
    // A merge patch keeps what it does not mention, and here nothing is left out: the whole status is ours.
    const body = { metadata: { resourceVersion, uid }, status };
    const ref = refOf(keyOf(object.metadata));
    const written = await client.patch(faceModels, ref, { strategy: 'merge', body, subresource: 'status' }, signal);
    ownWrites.wrote(uid, { resourceVersion: written.metadata.resourceVersion ?? '', status });
    return true;
  }
}
