import type { Logger, Random } from '@facehash/kernel';
import {
  BY_STORAGE_ID,
  cachedFaceModel,
  deployments,
  faceModels,
  jobs,
  MANAGED_BY,
  nodes,
  observedJob,
  observedNode,
  observedPod,
  podIndexes,
  pods,
  STORAGE_ID_LABEL,
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
  /** Pods that answer for all models; undefined where nothing says which they are. */
  readonly replicas: Watched<Cached> | undefined;
  /** Of models that have replicas of their own, with those; undefined where no model can. */
  readonly dedicated: { readonly deployments: Watched; readonly pods: Watched<Cached> } | undefined;
  /** The Deployment of the replicas that all models share; undefined where its pods are never restarted. */
  readonly inference: Watched | undefined;
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
  const dedicated = config.dedicatedTemplateFile === undefined ? undefined : openDedicated(config, shared);
  const inference =
    config.inferenceDeployment === undefined
      ? undefined
      : new Watched({
          ...shared,
          resource: deployments,
          namespace: platformNamespace,
          fieldSelector: `metadata.name=${config.inferenceDeployment}`,
          transform: whole,
        });
  const all = [models, ofJobs, trainers, ofNodes, replicas, dedicated?.deployments, dedicated?.pods, inference].filter(
    (cache) => cache !== undefined,
  );
  return { models, jobs: ofJobs, trainers, nodes: ofNodes, replicas, dedicated, inference, all };
}

/** Index of Deployments of models that have replicas of their own. */
export const OF_MODEL = 'model';

function openDedicated(
  { platformNamespace: namespace }: OperatorConfig,
  shared: Context & { readonly client: KubeClient },
): NonNullable<Caches['dedicated']> {
  const labelSelector = Object.entries(MANAGED_BY)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  const ofModel = ({ metadata }: Cached): readonly string[] => [metadata.labels?.[STORAGE_ID_LABEL] ?? ''];
  return {
    deployments: new Watched({
      ...shared,
      resource: deployments,
      namespace,
      labelSelector,
      transform: whole,
      indexes: { [OF_MODEL]: ofModel },
    }),
    // Those of trainers have the label, too, and are no replicas: none of them reports.
    pods: new Watched({ ...shared, resource: pods, namespace, labelSelector, transform: identityOf }),
  };
}

function whole(object: KubeObject): KubeObject {
  return object;
}

/** That it is there is all that is asked of a pod that answers; what it holds, it reports itself. */
function identityOf({ metadata: { name, namespace = '', uid = '', resourceVersion = '' } }: KubeObject): Cached {
  return { metadata: { name, namespace, uid, resourceVersion } };
}
