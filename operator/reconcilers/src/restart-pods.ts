import type { Restart } from '@facehash/lifecycle';
import type { KubeClient, KubeObject, ObjectRef } from '@facehash/operator-runtime';
import { deployments } from './owned-resources.js';
import { COVERS_ANNOTATION, nextRestart, restartOf, restartStateOf, ROLLOUT_ANNOTATION, type Rolling } from './restart-state.js';

/** Of two annotations of a Deployment that the chart owns. */
const FIELD_MANAGER = 'facehash-operator-rollout';

export interface RestartPodsParts {
  readonly client: Pick<KubeClient, 'apply'>;
  /** Of the replicas that are there for all models. */
  readonly deployment: ObjectRef;
  /** As the cache has it; undefined where there is none. */
  readonly cached: () => KubeObject | undefined;
  /** Versions that are on their way to pods that are restarted for them, of all models. */
  readonly rolling: () => readonly Rolling[];
}

/**
 * Has Kubernetes restart the pods of the shared replicas for new versions: once for all that are on their way, by an annotation of the pod
 * template. Takes every decision from the Deployment as it is, so that it may die at any time.
 */
export class RestartPods {
  /** What was written last, until the cache has seen it. */
  #written: KubeObject | undefined;

  constructor(private readonly parts: RestartPodsParts) {}

  /** Versions that are on their way to restarted pods. */
  rolling(): readonly Rolling[] {
    return this.parts.rolling();
  }

  /** How far the pods are that are restarted for the version; null: its turn has not come. */
  of(storageId: string, version: string): Restart | null {
    const deployment = this.#newest();
    return deployment ? restartOf(restartStateOf(deployment), { storageId, version }) : null;
  }

  /** To be called whenever the Deployment or what is on its way has changed. Resolves to whether it wrote. Rejects with an `ApiError`. */
  async ensure(signal: AbortSignal): Promise<boolean> {
    const deployment = this.#newest();
    const next = deployment && nextRestart(restartStateOf(deployment), this.parts.rolling());
    if (!next) return false;
    const object = {
      metadata: { ...this.parts.deployment, annotations: { [COVERS_ANNOTATION]: next.covers.join() } },
      spec: { template: { metadata: { annotations: { [ROLLOUT_ANNOTATION]: next.token } } } },
    };
    this.#written = await this.parts.client.apply(deployments, object, { fieldManager: FIELD_MANAGER }, signal);
    return true;
  }

  #newest(): KubeObject | undefined {
    const cached = this.parts.cached();
    const written = this.#written;
    if (!cached || !written) return cached;
    const isNewer = written.metadata.uid === cached.metadata.uid && (written.metadata.generation ?? 0) > (cached.metadata.generation ?? 0);
    if (!isNewer) this.#written = undefined;
    return isNewer ? written : cached;
  }
}
