import { dedicatedReplicas, storageIdOf, type StoredFaceModel } from '@facehash/facemodel';
import { canonicalJson, sha256Hex } from '@facehash/kernel';
import type { KubeObject, Resource } from '@facehash/operator-runtime';
import { dedicatedPod } from './dedicated-pod.js';
import type { DedicatedTemplate } from './dedicated-template.js';
import { ownerLabels, STORAGE_ID_LABEL } from './names.js';
import { autoscalers, deployments, disruptionBudgets, services } from './owned-resources.js';

/** On the Deployment: what was applied last, whole and with all that belongs to it. */
export const APPLIED_ANNOTATION = 'facehash.dev/applied';

export interface Platform {
  readonly namespace: string;
  readonly template: DedicatedTemplate;
}

export interface Manifest {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** What a Dedicated model has in the platform's namespace. */
export interface DedicatedManifests {
  readonly deployment: Manifest;
  readonly others: readonly Manifest[];
  /** Of all of it: equal for equal wishes, however many pods there are just now. */
  readonly digest: string;
}

/** Of the Deployment and all that belongs to it. A model's name is not unique in a cluster. */
export function dedicatedName({ name, ...model }: Pick<StoredFaceModel, 'name' | 'uid' | 'spec'>): string {
  // Up to Kubernetes 1.35 the name of a Service begins with a letter (RFC 1035); that of a FaceModel may begin with a digit.
  const letter = /^[a-z]/.test(name) ? '' : 'm-';
  return `${letter}${name}-${sha256Hex(storageIdOf(model)).slice(0, 10)}`;
}

/** Where the replicas of a Dedicated model answer. */
export function dedicatedAddress(model: Pick<StoredFaceModel, 'name' | 'uid' | 'spec'>, { namespace, template }: Platform): string {
  return `http://${dedicatedName(model)}.${namespace}.svc:${template.port}`;
}

/** `replicasNow`: how many the autoscaler has decided on, which stays; undefined where there is no Deployment yet. */
export function dedicatedManifests(model: StoredFaceModel, platform: Platform, replicasNow?: number): DedicatedManifests {
  const storageId = storageIdOf(model);
  const labels = ownerLabels({ ...model, storageId });
  const metadata = { name: dedicatedName(model), namespace: platform.namespace, labels };
  const { autoscaling } = model.spec.serving;
  const wish = { metadata, model, template: platform.template, selector: { [STORAGE_ID_LABEL]: storageId } };
  const others = [serviceOf(wish), budgetOf(wish), ...(autoscaling ? [autoscalerOf(wish, autoscaling)] : [])];
  const digest = sha256Hex(canonicalJson([deploymentOf(wish, undefined), others])).slice(0, 16);
  return { deployment: deploymentOf(wish, replicasNow), others, digest };
}

interface Wish {
  readonly metadata: KubeObject['metadata'];
  readonly model: StoredFaceModel;
  readonly template: DedicatedTemplate;
  readonly selector: Readonly<Record<string, string>>;
}

function deploymentOf({ metadata, model, template, selector }: Wish, replicasNow: number | undefined): Manifest {
  const { serving } = model.spec;
  const replicas = serving.autoscaling && replicasNow !== undefined ? within(serving.autoscaling, replicasNow) : dedicatedReplicas(serving);
  const pod = dedicatedPod(template, { storageId: storageIdOf(model), selector });
  const spec = {
    // An applied Deployment without the field would fall back to one, until the autoscaler looks again.
    replicas,
    revisionHistoryLimit: 2,
    selector: { matchLabels: selector },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    template: { metadata: { labels: metadata.labels }, spec: pod },
  };
  return { resource: deployments, object: { metadata, spec } };
}

function within({ minReplicas, maxReplicas }: { readonly minReplicas: number; readonly maxReplicas: number }, replicas: number): number {
  return Math.min(maxReplicas, Math.max(minReplicas, replicas));
}

function serviceOf({ metadata, template, selector }: Wish): Manifest {
  const ports = [{ name: 'http', port: template.port, targetPort: 'http', protocol: 'TCP' }];
  return { resource: services, object: { metadata, spec: { type: 'ClusterIP', selector, ports } } };
}

/** One at a time, so that nodes can be drained also where there is one pod only; and one that is not ready holds up nobody. */
function budgetOf({ metadata, selector }: Wish): Manifest {
  const spec = { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels: selector } };
  return { resource: disruptionBudgets, object: { metadata, spec } };
}

function autoscalerOf(
  { metadata }: Wish,
  { minReplicas, maxReplicas, targetCpuPercent }: NonNullable<StoredFaceModel['spec']['serving']['autoscaling']>,
): Manifest {
  const target = { type: 'Utilization', averageUtilization: targetCpuPercent };
  const spec = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name },
    minReplicas,
    maxReplicas,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
  };
  return { resource: autoscalers, object: { metadata, spec } };
}
