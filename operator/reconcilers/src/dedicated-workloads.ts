import { storageIdOf, type StoredFaceModel } from '@facehash/facemodel';
import type { KvBucket, ModelState } from '@facehash/messaging-core';
import type { KubeClient, KubeObject } from '@facehash/operator-runtime';
import {
  APPLIED_ANNOTATION,
  dedicatedManifests,
  dedicatedName,
  type DedicatedManifests,
  type Manifest,
  type Platform,
} from './dedicated.js';
import type { OwnWorkloads } from './deletion.js';
import { MANAGED_BY, STORAGE_ID_LABEL } from './names.js';
import { autoscalers, deployments, disruptionBudgets, services } from './owned-resources.js';

export interface DedicatedWorkloadsParts {
  readonly client: Pick<KubeClient, 'apply' | 'list' | 'delete'>;
  readonly platform: Platform;
  /** The Deployments of a storage id, as the cache has them: of those in the platform's namespace that carry our labels. */
  readonly deploymentsOf: (storageId: string) => readonly KubeObject[];
  readonly models: Pick<KvBucket<ModelState>, 'get'>;
  /** Whether a replica that is there for all models takes requests. */
  readonly sharedReplicaReady: () => boolean;
}

const LOOK_AGAIN_MS = 1000;
/** The Deployment goes last: as long as it is there, something may be. */
const inOrderOfRemoval = [autoscalers, disruptionBudgets, services, deployments];

/**
 * The Deployment of a Dedicated model, and what belongs to it, in the platform's namespace. There an owner reference cannot reach, so
 * labels tell whose it is, and the model's finalizer sees it gone. A model that has what it wants costs no call.
 */
export class DedicatedWorkloads implements OwnWorkloads {
  constructor(private readonly parts: DedicatedWorkloadsParts) {}

  /** Null: all is as wanted. A number: look again after that many ms. Rejects with an `ApiError`. */
  async ensure(model: StoredFaceModel, signal: AbortSignal): Promise<number | null> {
    const storageId = storageIdOf(model);
    const present = this.parts.deploymentsOf(storageId);
    if (model.spec.serving.mode === 'Dedicated') {
      await this.#apply(
        model,
        present.find(({ metadata }) => metadata.name === dedicatedName(model)),
        signal,
      );
      return null;
    }
    if (present.length === 0) return null;
    if (!(await this.#othersAnswer(storageId, signal))) return LOOK_AGAIN_MS;
    await this.remove(storageId, signal);
    return null;
  }

  /** Asked of the API server, as a cache may not have seen yet what was made last. */
  async present(storageId: string, signal: AbortSignal): Promise<boolean> {
    const { items } = await this.parts.client.list(deployments, { ...this.#labelled(storageId), limit: 1 }, signal);
    return items.length > 0;
  }

  async remove(storageId: string, signal: AbortSignal): Promise<void> {
    const { client } = this.parts;
    for (const resource of inOrderOfRemoval) {
      const { items } = await client.list(resource, this.#labelled(storageId), signal);
      for (const { metadata } of items) {
        const { name, namespace = '', uid = '' } = metadata;
        await client.delete(resource, { name, namespace }, { uid }, signal);
      }
    }
  }

  /** Replicas are told first: calls that go to pods that end would be lost. */
  async #othersAnswer(storageId: string, signal: AbortSignal): Promise<boolean> {
    const state = await this.parts.models.get(storageId, signal);
    return (state?.value.route ?? null) === null && this.parts.sharedReplicaReady();
  }

  async #apply(model: StoredFaceModel, present: KubeObject | undefined, signal: AbortSignal): Promise<void> {
    const { client, platform } = this.parts;
    const wanted = dedicatedManifests(model, platform, present && replicasOf(present));
    if (present?.metadata.annotations?.[APPLIED_ANNOTATION] === wanted.digest) return;
    // First, without its mark, so that nothing is there without it; and once more when all is applied.
    if (!present) await this.#applyOne(wanted.deployment, signal);
    for (const manifest of wanted.others) await this.#applyOne(manifest, signal);
    if (!wanted.others.some(({ resource }) => resource === autoscalers)) {
      await client.delete(autoscalers, { name: dedicatedName(model), namespace: platform.namespace }, {}, signal);
    }
    await this.#applyOne(marked(wanted), signal);
  }

  async #applyOne({ resource, object }: Manifest, signal: AbortSignal): Promise<void> {
    await this.parts.client.apply(resource, object, {}, signal);
  }

  #labelled(storageId: string): { readonly namespace: string; readonly labelSelector: string } {
    const labels = { ...MANAGED_BY, [STORAGE_ID_LABEL]: storageId };
    const labelSelector = Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(',');
    return { namespace: this.parts.platform.namespace, labelSelector };
  }
}

function marked({ deployment: { resource, object }, digest }: DedicatedManifests): Manifest {
  const annotations = { ...object.metadata.annotations, [APPLIED_ANNOTATION]: digest };
  return { resource, object: { ...object, metadata: { ...object.metadata, annotations } } };
}

function replicasOf({ spec }: KubeObject): number | undefined {
  const replicas: unknown = typeof spec === 'object' && spec !== null && 'replicas' in spec ? spec.replicas : undefined;
  return typeof replicas === 'number' ? replicas : undefined;
}
