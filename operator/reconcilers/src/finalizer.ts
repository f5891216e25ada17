import { keyOf, refOf, hasApiCode, type KubeClient, type ObjectMeta } from '@facehash/operator-runtime';
import type { FaceModelView } from './face-model-view.js';
import { ERASURE_FINALIZER } from './names.js';
import { faceModels } from './resources.js';

export function hasFinalizer({ finalizers = [] }: ObjectMeta): boolean {
  return finalizers.includes(ERASURE_FINALIZER);
}

/** What keeps a FaceModel in Kubernetes until nothing of it is left. Calls reject with `conflict` when somebody changed the object meanwhile. */
export class Finalizer {
  constructor(private readonly client: Pick<KubeClient, 'patch'>) {}

  /** Comes before anything is made for the model. True when it had to be written: a newer object is on its way. */
  async ensure({ metadata }: Pick<FaceModelView, 'metadata'>, signal: AbortSignal): Promise<boolean> {
    if (hasFinalizer(metadata)) return false;
    await this.#write(metadata, [...(metadata.finalizers ?? []), ERASURE_FINALIZER], signal);
    return true;
  }

  /** For whoever lists FaceModels, once they are being deleted. */
  async show({ metadata, status }: Pick<FaceModelView, 'metadata' | 'status'>, signal: AbortSignal): Promise<void> {
    if (!status || status.phase === 'Deleting') return;
    const body = { metadata: { uid: metadata.uid }, status: { phase: 'Deleting' } };
    await this.client.patch(faceModels, refOf(keyOf(metadata)), { strategy: 'merge', body, subresource: 'status' }, signal);
  }

  /** Comes after everything is gone. No error when the object is gone, too. */
  async remove({ metadata }: Pick<FaceModelView, 'metadata'>, signal: AbortSignal): Promise<void> {
    if (!hasFinalizer(metadata)) return;
    const others = (metadata.finalizers ?? []).filter((name) => name !== ERASURE_FINALIZER);
    await this.#write(metadata, others, signal).catch((error: unknown) => {
      if (!hasApiCode(error, 'notFound')) throw error;
    });
  }

  /** Of this very object as it was read: the list is replaced as a whole, and others may have written theirs. */
  async #write({ uid, resourceVersion, ...metadata }: ObjectMeta, finalizers: readonly string[], signal: AbortSignal): Promise<void> {
    const body = { metadata: { uid, resourceVersion, finalizers } };
    await this.client.patch(faceModels, refOf(keyOf(metadata)), { strategy: 'merge', body }, signal);
  }
}
