import type { DedicatedTemplate } from './dedicated-template.js';
import { podSecurity, scratch } from './pod-security.js';

const MAIN = 'http';
const MANAGEMENT = 'management';

/** A pod of inference as small as the restricted pod security standard lets it be, that answers for one model alone. */
export function dedicatedPod(
  template: DedicatedTemplate,
  { storageId, selector }: { readonly storageId: string; readonly selector: Readonly<Record<string, string>> },
): object {
  const { imagePullSecrets, nodeSelector, tolerations, priorityClassName, terminationGracePeriodSeconds, volumes } = template;
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity,
    terminationGracePeriodSeconds,
    imagePullSecrets,
    nodeSelector,
    tolerations,
    ...(priorityClassName === null ? {} : { priorityClassName }),
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: selector } },
    ],
    volumes: [scratch, ...volumes],
    containers: [container(template, storageId)],
  };
}

function container(template: DedicatedTemplate, storageId: string): object {
  const { image, imagePullPolicy, port, managementPort, env, envFrom, resources, volumeMounts, preStopSeconds } = template;
  const probe = (path: string): object => ({ httpGet: { path, port: MANAGEMENT } });
  const own = {
    FACEHASH_MODE: 'cluster',
    FACEHASH_ONLY_MODEL: storageId,
    PORT: String(port),
    MANAGEMENT_PORT: String(managementPort),
  };
  const fromPod = (name: string, fieldPath: string): object => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  // Where it listens is for the template to say, as of all other pods.
  const listens = env.some(({ name }) => name === 'HOST') ? [] : [{ name: 'HOST', value: '0.0.0.0' }];
  const said = new Set([...Object.keys(own), 'FACEHASH_REPLICA']);
  return {
    name: 'inference',
    image,
    imagePullPolicy,
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    ports: [
      { name: MAIN, containerPort: port },
      { name: MANAGEMENT, containerPort: managementPort },
    ],
    env: [
      ...env.filter(({ name }) => typeof name !== 'string' || !said.has(name)),
      ...listens,
      ...Object.entries(own).map(([name, value]) => ({ name, value })),
      fromPod('FACEHASH_REPLICA', 'metadata.uid'),
    ],
    envFrom,
    resources,
    ...(preStopSeconds === 0 ? {} : { lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } } }),
    // As in the chart: it began once it can look at photos. Stores that are away are no reason to end it, and readiness waits for them.
    startupProbe: { ...probe('/health/startup'), periodSeconds: 1, failureThreshold: 180 },
    readinessProbe: { ...probe('/health/ready'), periodSeconds: 2 },
    // As patient as the chart is with the pods of all: a node that is busy for seconds must not cost a replica.
    livenessProbe: { ...probe('/health/live'), periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5 },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }, ...volumeMounts],
  };
}
