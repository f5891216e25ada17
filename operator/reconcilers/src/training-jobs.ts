import type { RunSpec } from '@facehash/artifacts';
import { deadline, FaceHashError, type Clock } from '@facehash/kernel';
import { ApiError, hasApiCode, keyOf, type KubeClient, type ObjectMeta, type Resource, type Selection } from '@facehash/operator-runtime';
import { MANAGED_BY, STORAGE_ID_LABEL } from './names.js';
import { observedJob, type TrainingJob } from './observed-job.js';
import {
  credentialsSecret,
  FOREVER,
  jobAnnotations,
  TRAINER_LABELS,
  trainingJob,
  type JobSettings,
  type RunOrder,
  type RunOwner,
  type StoreCredentials,
} from './training-job.js';

export const jobs: Resource = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true };
export const pods: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
const secrets: Resource = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };

const GONE_POLL_MS = 200;

/** Of training Jobs and their pods, for whoever watches them. */
export function trainersIn(platformNamespace: string): Selection {
  const labels = Object.entries({ ...MANAGED_BY, ...TRAINER_LABELS });
  return { namespace: platformNamespace, labelSelector: labels.map(([name, value]) => `${name}=${value}`).join(',') };
}

export interface TrainingJobsParts {
  readonly client: Pick<KubeClient, 'create' | 'get' | 'list' | 'apply' | 'patch' | 'delete'>;
  readonly settings: JobSettings;
  readonly clock: Clock;
}

/**
 * The calls by which a run becomes a Job and goes again. Their order is what makes a crash harmless: a suspended Job, then the credentials that
 * it owns, then the Job is let go. Whatever exists is the Job, or goes with it.
 */
export class TrainingJobs {
  constructor(private readonly parts: TrainingJobsParts) {}

  /**
   * Makes the suspended Job, or finds the one that was made for the same run. Rejects with CONFLICT while another Job of the model is not
   * over, or not gone; with an `ApiError` of `invalid` or `forbidden` where Kubernetes takes no such Job.
   */
  async make(order: RunOrder, signal: AbortSignal): Promise<TrainingJob> {
    const { client, settings } = this.parts;
    const wanted = trainingJob(order, settings);
    await this.#noOther(order.spec, wanted.metadata.name, signal);
    try {
      return observedJob(await client.create(jobs, wanted, {}, signal));
    } catch (error) {
      if (!hasApiCode(error, 'alreadyExists')) throw error;
      return this.#same(order.spec, wanted.metadata, signal);
    }
  }

  /** Gives a run its credentials, or newer ones, and lets it go where nobody else does. */
  async release(job: TrainingJob, { spec, owner }: RunIdentity, credentials: StoreCredentials, signal: AbortSignal): Promise<void> {
    const { client } = this.parts;
    await client.apply(secrets, credentialsSecret(job.metadata, { spec, owner }, credentials), {}, signal);
    const credentialsUntil = credentials.expiresAt?.toISOString() ?? FOREVER;
    const body = {
      // Of this very Job, and of no later one of its name.
      metadata: { uid: job.metadata.uid, annotations: { [jobAnnotations.credentialsUntil]: credentialsUntil } },
      ...(job.queue === undefined ? { spec: { suspend: false } } : {}),
    };
    await client.patch(jobs, job.metadata, { strategy: 'merge', body }, signal);
  }

  /** The Job goes at once, its pods and its Secret a little later. */
  async remove({ metadata }: TrainingJob, signal: AbortSignal): Promise<void> {
    await this.#delete(metadata, 'Background', signal);
  }

  /** Resolves to whether it and its pods are gone, after at most `withinMs`. */
  async removeAndWait({ metadata }: TrainingJob, withinMs: number, signal: AbortSignal): Promise<boolean> {
    await this.#delete(metadata, 'Foreground', signal);
    const limit = deadline(withinMs, signal);
    try {
      while (await this.#isThere(metadata, limit)) await this.parts.clock.sleep(GONE_POLL_MS, limit);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (limit.aborted) return false;
      throw error;
    }
  }

  /** Asked of the API server and not of a cache: two runs of one model must not race because a cache is behind. */
  async #noOther({ storageId }: RunSpec, name: string, signal: AbortSignal): Promise<void> {
    const { client, settings } = this.parts;
    const { namespace, labelSelector } = trainersIn(settings.platformNamespace);
    const selection = { namespace, labelSelector: `${labelSelector},${STORAGE_ID_LABEL}=${storageId}` };
    const { items } = await client.list(jobs, selection, signal);
    const other = items.map(observedJob).find((job) => job.metadata.name !== name && job.end === undefined);
    if (other !== undefined) throw new FaceHashError('CONFLICT', { job: keyOf(other.metadata), why: 'the Job of another run is there' });
  }

  async #same({ run, storageId }: RunSpec, ref: ObjectMeta, signal: AbortSignal): Promise<TrainingJob> {
    const object = await this.parts.client.get(jobs, ref, {}, signal);
    const found = object && observedJob(object);
    const going = found === undefined || found.metadata.deletionTimestamp !== undefined;
    if (going) throw new FaceHashError('CONFLICT', { job: keyOf(ref), why: 'the Job of this run is going' });
    if (found.spec?.run === run && found.storageId === storageId) return found;
    throw new FaceHashError('CONFLICT', { job: keyOf(ref), why: 'a Job of this name is there that is not of this run' });
  }

  async #isThere(ref: ObjectMeta, signal: AbortSignal): Promise<boolean> {
    const found = await this.parts.client.get(jobs, ref, {}, signal);
    return found !== undefined && found.metadata.uid === ref.uid;
  }

  async #delete(metadata: ObjectMeta, propagation: 'Background' | 'Foreground', signal: AbortSignal): Promise<void> {
    const { uid } = metadata;
    try {
      await this.parts.client.delete(jobs, metadata, { propagation, ...(uid === undefined ? {} : { uid }) }, signal);
    } catch (error) {
      // It is another one by now.
      if (!(error instanceof ApiError && error.code === 'conflict')) throw error;
    }
  }
}

/** Which run, and whose. */
export interface RunIdentity {
  readonly spec: RunSpec;
  readonly owner: RunOwner;
}
