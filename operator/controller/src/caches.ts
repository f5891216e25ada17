import type { Logger, Random } from '@facehash/kernel';
import { BY_STORAGE_ID, cachedFaceModel, faceModels, pods, storageIdIn, type CachedFaceModel } from '@facehash/operator-reconcilers';
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

export interface Context {
  readonly clock: RuntimeClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
}

export interface Caches {
  readonly models: Watched<CachedFaceModel>;
  /** Pods that answer; undefined where nothing says which they are. */
  readonly replicas: Watched | undefined;
  readonly all: readonly Cache[];
}

/** What the operator watches. */
export function openCaches(config: OperatorConfig, client: KubeClient, context: Context): Caches {
  const models = new Watched({
    client,
    resource: faceModels,
    namespace: config.watchNamespace,
    transform: cachedFaceModel,
    indexes: { [BY_STORAGE_ID]: (model: CachedFaceModel) => [storageIdIn(model) ?? ''] },
    ...context,
  });
  const { inferenceSelector: labelSelector, platformNamespace: namespace } = config;
  const replicas =
    labelSelector === undefined
      ? undefined
      : new Watched({ client, resource: pods, namespace, labelSelector, transform: identityOf, ...context });
  return { models, replicas, all: [models, ...(replicas ? [replicas] : [])] };
}

/** That it is there is all that is asked of a pod that answers; what it holds, it reports itself. */
function identityOf({ metadata: { name, namespace, uid, resourceVersion } }: KubeObject): Cached & KubeObject {
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  };
}
