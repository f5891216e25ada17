import { storageIdOf, type StoredFaceModel } from '@facehash/facemodel';
import type { Clock, Logger, Random } from '@facehash/kernel';
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
import { workloadsTrouble, type Trouble } from './trouble.js';

export interface DedicatedWorkloadsParts {
  readonly client: Pick<KubeClient, 'apply' | 'list' | 'delete'>;
  readonly platform: Platform;
  /** The Deployments of a storage id, as the cache has them: of those in the platform's namespace that carry our labels. */
  readonly deploymentsOf: (storageId: string) => readonly KubeObject[];
  readonly models: Pick<KvBucket<ModelState>, 'get'>;
  /** Whether a replica that is there for all models takes requests. */
  readonly sharedReplicaReady: () => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** How it stands with what a model needs beside its Jobs. */
export interface WorkloadsFacts {
  /** When to look again if nothing changes; null: never. */
  readonly againMs: number | null;
  readonly trouble: Trouble | null;
}

/** What the API server refused for good: asked for again only after a while, unless something else is wanted. */
interface Refused {
  readonly wish: string;
  readonly dueAtMs: number;
  readonly trouble: Trouble;
}

interface Applied {
  readonly digest: string;
  readonly againAtMs: number;
}

interface Wanted {
  readonly all: DedicatedManifests;
  /** The Deployment that is there. */
  readonly present: KubeObject | undefined;
}

const LOOK_AGAIN_MS = 1000;
/** Of what belongs to the Deployment nothing is watched. */
const APPLY_AGAIN_MS = 3_600_000;
/** A quota may have become larger. */
const REFUSED_LOOK_MS = 60_000;
/** The wish of a model that wants nothing of its own. */
const NOTHING = '';
/** The Deployment goes last: as long as it is there, something may be. */
const inOrderOfRemoval = [autoscalers, disruptionBudgets, services, deployments];

/**
 * The Deployment of a Dedicated model, and what belongs to it, in the platform's namespace. There an owner reference cannot reach, so
 * labels tell whose it is, and the model's finalizer sees it gone. A model that has what it wants costs no call, but for those in an hour
 * that put back what somebody took away or changed; of what is right they change nothing.
 */
export class DedicatedWorkloads implements OwnWorkloads {
  /** By storage id. */
  readonly #refused = new Map<string, Refused>();
  /** By storage id: what this process has applied whole. */
  readonly #applied = new Map<string, Applied>();

  constructor(private readonly parts: DedicatedWorkloadsParts) {}

  /** Rejects with an `ApiError` for what may go by itself. What the API server refuses is told instead, as it must not hold all else up. */
  async ensure(model: StoredFaceModel, signal: AbortSignal): Promise<WorkloadsFacts> {
    const storageId = storageIdOf(model);
    const nowMs = this.parts.clock.now().getTime();
    const present = this.parts.deploymentsOf(storageId);
    const wanted = this.#wanted(model, present);
    const wish = wanted?.all.digest ?? NOTHING;
    const refused = this.#refused.get(storageId);
    if (refused?.wish === wish && refused.dueAtMs > nowMs) return { againMs: refused.dueAtMs - nowMs, trouble: refused.trouble };
    try {
      const againMs = wanted ? await this.#keep(storageId, wanted, signal) : await this.#leave(storageId, present.length > 0, signal);
      this.#refused.delete(storageId);
      return { againMs, trouble: null };
    } catch (error) {
      const trouble = workloadsTrouble(error);
      if (!trouble) throw error;
      this.parts.logger.warn('what a Dedicated model needs is refused', { model: model.name, namespace: model.namespace, error });
      const againMs = Math.round(REFUSED_LOOK_MS * (0.5 + this.parts.random.next()));
      this.#refused.set(storageId, { wish, dueAtMs: nowMs + againMs, trouble });
      return { againMs, trouble };
    }
  }

  /** Whether all of it was applied once. Pods whose Service was refused cannot be reached. */
  whole(storageId: string): boolean {
    return this.parts.deploymentsOf(storageId).some(({ metadata }) => metadata.annotations?.[APPLIED_ANNOTATION] !== undefined);
  }

  /** Whether those that are there for all models have to do for this one, as it is refused its own. */
  lacking(storageId: string): boolean {
    return this.#refused.has(storageId) && !this.whole(storageId);
  }

  /** At the end of a model. Asked of the API server, as a cache may not have seen yet what was made last. */
  async present(storageId: string, signal: AbortSignal): Promise<boolean> {
    for (const memory of [this.#refused, this.#applied]) memory.delete(storageId);
    const { items } = await this.parts.client.list(deployments, { ...this.#labelled(storageId), limit: 1 }, signal);
    return items.length > 0;
  }

  async remove(storageId: string, signal: AbortSignal): Promise<void> {
    const { client } = this.parts;
    this.#applied.delete(storageId);
    for (const resource of inOrderOfRemoval) {
      const { items } = await client.list(resource, this.#labelled(storageId), signal);
      for (const { metadata } of items) {
        const { name, namespace = '', uid = '' } = metadata;
        await client.delete(resource, { name, namespace }, { uid }, signal);
      }
    }
  }

  async #leave(storageId: string, present: boolean, signal: AbortSignal): Promise<number | null> {
    if (!present) return null;
    if (!(await this.#othersAnswer(storageId, signal))) return LOOK_AGAIN_MS;
    await this.remove(storageId, signal);
    return null;
  }

  /** Replicas are told first: calls that go to pods that end would be lost. */
  async #othersAnswer(storageId: string, signal: AbortSignal): Promise<boolean> {
    const state = await this.parts.models.get(storageId, signal);
    return (state?.value.route ?? null) === null && this.parts.sharedReplicaReady();
  }

  #wanted(model: StoredFaceModel, present: readonly KubeObject[]): Wanted | undefined {
    if (model.spec.serving.mode !== 'Dedicated') return undefined;
    const own = present.find(({ metadata }) => metadata.name === dedicatedName(model));
    return { all: dedicatedManifests(model, this.parts.platform, own && replicasOf(own)), present: own };
  }

  async #keep(storageId: string, wanted: Wanted, signal: AbortSignal): Promise<number | null> {
    if (this.#isDone(storageId, wanted)) return null;
    await this.#apply(storageId, wanted, signal);
    // Pods that are there already can be reached once the cache has seen it, which nobody tells.
    return this.whole(storageId) ? null : LOOK_AGAIN_MS;
  }

  #isDone(storageId: string, { all: { digest }, present }: Wanted): boolean {
    const applied = this.#applied.get(storageId);
    const isRecent = applied?.digest === digest && this.parts.clock.now().getTime() < applied.againAtMs;
    return isRecent && present?.metadata.annotations?.[APPLIED_ANNOTATION] === digest;
  }

  async #apply(storageId: string, { all: wanted, present }: Wanted, signal: AbortSignal): Promise<void> {
    const { client, clock, random } = this.parts;
    // First, without its mark, so that nothing is there without it; and once more when all is applied.
    if (!present) await this.#applyOne(wanted.deployment, signal);
    for (const manifest of wanted.others) await this.#applyOne(manifest, signal);
    if (!wanted.others.some(({ resource }) => resource === autoscalers)) {
      const { name, namespace = '' } = wanted.deployment.object.metadata;
      await client.delete(autoscalers, { name, namespace }, {}, signal);
    }
    await this.#applyOne(marked(wanted), signal);
    const againAtMs = clock.now().getTime() + APPLY_AGAIN_MS * (0.5 + random.next());
    this.#applied.set(storageId, { digest: wanted.digest, againAtMs });
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
