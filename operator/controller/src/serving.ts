import { storageIdOf, type StoredFaceModel } from '@facehash/facemodel';
import {
  dedicatedAddress,
  DedicatedWorkloads,
  RestartPods,
  routeTo,
  storageIdIn,
  type CachedFaceModel,
  type DedicatedTemplate,
  type FaceModelReconcilerParts,
  type OwnWorkloads,
  noteAbout,
  type Rolling,
  type WorkloadsFacts,
} from '@facehash/operator-reconcilers';
import type { EventRecorder, KubeClient } from '@facehash/operator-runtime';
import type { Messaging } from '@facehash/messaging-core';
import type { ReplicaBoard } from '@facehash/reconciler';
import { OF_MODEL, type Caches, type Context } from './caches.js';
import type { OperatorConfig } from './config.js';

/** While a model waits for its turn. */
const RESTARTS_LOOK_MS = 500;

export interface ServingParts {
  readonly config: OperatorConfig;
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly messaging: Messaging;
  readonly board: ReplicaBoard;
  readonly template: DedicatedTemplate | undefined;
  readonly events: EventRecorder;
  readonly context: Context;
}

export type Serving = Pick<FaceModelReconcilerParts, 'workloads' | 'routeTo' | 'restartOf'> & {
  readonly own: OwnWorkloads;
  /** Whether a model that asks for pods of its own is refused them, and is served by those of all. */
  readonly lacking: (storageId: string) => boolean;
  readonly restarts: RestartPods | undefined;
};

/** Who answers for a model, and how its versions get there: pods of its own, or those that all share, swapped or restarted. */
export function openServing(parts: ServingParts): Serving {
  const restarts = openRestarts(parts);
  const { template, config } = parts;
  if (!template || !parts.caches.dedicated) return { ...sharedOnly(parts), ...restarting(restarts) };
  const platform = { namespace: config.platformNamespace, template };
  const own = new DedicatedWorkloads({
    client: parts.client,
    platform,
    deploymentsOf: (storageId) => parts.caches.dedicated?.deployments.byIndex(OF_MODEL, storageId) ?? [],
    models: parts.messaging.models,
    // Of no model: those that are there for all.
    sharedReplicaReady: () => parts.board.of('').some(({ ready }) => ready),
    ...parts.context,
  });
  return {
    own,
    workloads: { ensure: (_object, model, signal) => own.ensure(model, signal) },
    lacking: (storageId) => own.lacking(storageId),
    routeTo: (observed, before) =>
      own.whole(storageIdOf(observed.model)) ? routeTo(dedicatedAddress(observed.model, platform), observed, before) : null,
    ...restarting(restarts),
  };
}

const notOffered = {
  type: 'Warning',
  reason: 'DedicatedNotOffered',
  action: 'Serve',
  note: 'this platform offers no pods of a model’s own: the shared ones answer',
} as const;

/** A model that asks for pods of its own is answered for by those of all, and its owner is told. */
function sharedOnly({ events }: ServingParts): Pick<Serving, 'own' | 'workloads' | 'lacking'> {
  const ensure = (object: CachedFaceModel, model: StoredFaceModel): Promise<WorkloadsFacts> => {
    if (model.spec.serving.mode === 'Dedicated') events.record(noteAbout(object, notOffered));
    return Promise.resolve({ againMs: null, trouble: null });
  };
  const own: OwnWorkloads = { present: () => Promise.resolve(false), remove: () => Promise.resolve() };
  // Where none can have any, nobody is asked for them.
  return { workloads: { ensure }, own, lacking: () => true };
}

function restarting(restarts: RestartPods | undefined): Pick<Serving, 'restarts' | 'restartOf'> {
  return restarts ? { restarts, restartOf: (storageId, version) => restarts.of(storageId, version) } : { restarts };
}

function openRestarts({ config, client, caches }: ServingParts): RestartPods | undefined {
  const { inferenceDeployment: name, platformNamespace: namespace } = config;
  if (name === undefined || !caches.inference) return undefined;
  const { inference } = caches;
  return new RestartPods({
    client,
    deployment: { name, namespace },
    cached: () => inference.list()[0],
    rolling: () => caches.models.list().flatMap(rollingOf),
  });
}

function rollingOf(model: CachedFaceModel): readonly Rolling[] {
  const { spec, known, metadata } = model;
  if (!spec || !known?.rollout || metadata.deletionTimestamp !== undefined) return [];
  if (spec.serving.mode !== 'Shared' || spec.serving.rollout.strategy !== 'RestartPods') return [];
  return [{ storageId: storageIdIn(model) ?? '', version: known.rollout.version.name }];
}

/** Restarts pods while this process leads. */
export async function followRestarts(
  restarts: RestartPods,
  {
    leads,
    look,
    sleep,
  }: { readonly leads: () => boolean; readonly look: () => void; readonly sleep: (ms: number, signal: AbortSignal) => Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await sleep(RESTARTS_LOOK_MS, signal);
    if (leads() && (await restarts.ensure(signal))) look();
  }
}
