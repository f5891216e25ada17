import { silentLogger, systemRandom } from '@facehash/kernel';
import type { Messaging, ModelState } from '@facehash/messaging-core';
import { faceModels } from '@facehash/operator-reconcilers';
import { noRuntimeMetrics, systemRuntimeClock, Watched, type KubeClient, type KubeObject, type Resource } from '@facehash/operator-runtime';

const jobs: Resource = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true };
const STORAGE_ID = 'facehash.dev/storage-id';

interface WitnessParts {
  readonly client: KubeClient;
  readonly messaging: Pick<Messaging, 'models'>;
  readonly platform: string;
}

interface Active {
  readonly name: string;
  readonly snapshot: number;
}

/**
 * Sees what an operator must never do, on connections of its own: two live Jobs of one model, an active version that goes or goes back, a
 * state that is older than one that was published before, the same run begun twice.
 */
export class OperatorWitness {
  readonly #stop = new AbortController();
  readonly #seen: Promise<unknown>[];
  readonly #active = new Map<string, Active>();
  readonly #states = new Map<string, ModelState>();
  /** By storage id: names of Jobs that are there and not over. */
  readonly #live = new Map<string, Set<string>>();
  /** By name: uids of all Jobs that were ever there. */
  readonly #made = new Map<string, Set<string>>();
  readonly violations: string[] = [];

  constructor({ client, messaging, platform }: WitnessParts) {
    const context = { client, clock: systemRuntimeClock, random: systemRandom, logger: silentLogger, metrics: noRuntimeMetrics };
    const ofJobs = new Watched({ ...context, resource: jobs, namespace: platform, transform: (job: KubeObject) => job });
    ofJobs.subscribe(({ kind, object }) => this.#sawJob(object, kind === 'deleted'));
    const models = new Watched({ ...context, resource: faceModels, transform: (model: KubeObject) => model });
    models.subscribe(({ object }) => this.#sawStatus(object));
    this.#seen = [ofJobs.run(this.#stop.signal), models.run(this.#stop.signal), this.#follow(messaging)];
  }

  /** How many Jobs were made. */
  get jobs(): number {
    return [...this.#made.values()].reduce((sum, uids) => sum + uids.size, 0);
  }

  /** Highest term of anything published. */
  get term(): number {
    return Math.max(0, ...[...this.#states.values()].map(({ fence }) => fence.term));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#seen);
  }

  #sawJob({ metadata, ...job }: KubeObject, deleted: boolean): void {
    const storageId = metadata.labels?.[STORAGE_ID] ?? '';
    const made = this.#made.get(metadata.name) ?? new Set();
    this.#made.set(metadata.name, made.add(metadata.uid ?? ''));
    if (made.size > 1) this.violations.push(`the Job ${metadata.name} was made ${made.size} times`);
    const live = this.#live.get(storageId) ?? new Set();
    this.#live.set(storageId, live);
    if (deleted || isOver(job)) live.delete(metadata.name);
    else live.add(metadata.name);
    if (live.size > 1) this.violations.push(`${storageId} has ${live.size} live Jobs: ${[...live].join(', ')}`);
  }

  #sawStatus({ metadata, ...object }: KubeObject): void {
    const { status } = object as { readonly status?: { readonly activeVersion: Active | null } };
    if (status) this.#sawActive(`the status of ${metadata.name}`, status.activeVersion);
  }

  #sawActive(where: string, active: Active | null): void {
    const before = this.#active.get(where);
    if (before && (active === null || active.snapshot < before.snapshot))
      this.violations.push(`${where} lost ${JSON.stringify(before)} for ${JSON.stringify(active)}`);
    if (active) this.#active.set(where, active);
  }

  async #follow({ models }: WitnessParts['messaging']): Promise<void> {
    for await (const change of models.watch(this.#stop.signal)) {
      if (change.kind !== 'put') continue;
      const { key, value } = change.entry;
      const before = this.#states.get(key);
      // After a reconnect the same value may come again.
      if (before && isBefore(value.fence, before.fence))
        this.violations.push(`${key} was published as ${JSON.stringify(value.fence)} after ${JSON.stringify(before.fence)}`);
      this.#states.set(key, value);
      // Of a model that was deleted nothing answers any more.
      if (!value.tombstone) this.#sawActive(`the state of ${key}`, value.active);
    }
  }
}

function isOver(job: Readonly<Record<string, unknown>>): boolean {
  const { conditions = [] } = (job['status'] ?? {}) as { conditions?: { type: string; status: string }[] };
  return conditions.some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
}

function isBefore(a: ModelState['fence'], b: ModelState['fence']): boolean {
  return a.term < b.term || (a.term === b.term && a.sequence < b.sequence);
}
