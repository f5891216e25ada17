import type { Logger, Random } from '@facehash/kernel';
import {
  BY_STORAGE_ID,
  cachedFaceModel,
  faceModels,
  jobs,
  nodes,
  observedJob,
  observedNode,
  observedPod,
  podIndexes,
  pods,
  storageIdIn,
  trainersIn,
  type CachedFaceModel,
  type ClusterNode,
  type TrainerPod,
  type TrainingJob,
} from '@facehash/operator-reconcilers';
import {
  Watched,
  type Cache,
  type Cached,
  type KubeClient,
  type KubeObject,
  type RuntimeClock,
  type RuntimeMetrics,
} from '@facehash/operator-runtime';
import type { OperatorConfig } from './config.js';

/** Ten thousand are listed in five calls; one page of them takes some 4 MB of JSON. */
const MODELS_PAGE = 2_000;

export interface Context {
  readonly clock: RuntimeClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
}

export interface Caches {
  readonly models: Watched<CachedFaceModel>;
  readonly jobs: Watched<TrainingJob>;
  readonly trainers: Watched<TrainerPod>;
  /** Undefined where this operator may not look at what the whole cluster has. */
  readonly nodes: Watched<ClusterNode> | undefined;
  /** Pods that answer; undefined where nothing says which they are. */
  readonly replicas: Watched<Cached> | undefined;
  readonly all: readonly Cache[];
}

/** What the operator watches. */
export function openCaches(config: OperatorConfig, client: KubeClient, context: Context): Caches {
  const { watchNamespace, platformNamespace, inferenceSelector: labelSelector } = config;
  const shared = { client, ...context };
  const ofTrainers = trainersIn(platformNamespace);
  const models = new Watched({
    ...shared,
    resource: faceModels,
    namespace: watchNamespace,
    transform: cachedFaceModel,
    pageSize: MODELS_PAGE,
    indexes: { [BY_STORAGE_ID]: (model: CachedFaceModel) => [storageIdIn(model) ?? ''] },
  });
  const ofJobs = new Watched({ ...shared, ...ofTrainers, resource: jobs, transform: observedJob });
  const trainers = new Watched({ ...shared, ...ofTrainers, resource: pods, transform: observedPod, indexes: podIndexes });
  const ofNodes = watchNamespace === undefined ? new Watched({ ...shared, resource: nodes, transform: observedNode }) : undefined;
  const replicas =
    labelSelector === undefined
      ? undefined
      : new Watched({ ...shared, resource: pods, namespace: platformNamespace, labelSelector, transform: identityOf });
  const all = [models, ofJobs, trainers, ofNodes, replicas].filter((cache) => cache !== undefined);
  return { models, jobs: ofJobs, trainers, nodes: ofNodes, replicas, all };
}

/** That it is there is all that is asked of a pod that answers; what it holds, it reports itself. */
function identityOf({ metadata: { name, namespace = '', uid = '', resourceVersion = '' } }: KubeObject): Cached {
  return { metadata: { name, namespace, uid, resourceVersion } };
}
