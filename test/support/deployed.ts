/** Kubernetes' resources for the programs' images, as small as the restricted pod security standard lets them be. */

export const namespace = 'facehash';
export const host = 'faces.example';
const labels = { app: 'inference' };
const dataVolume = { name: 'data', persistentVolumeClaim: { claimName: 'data' } };
const dataMount = { name: 'data', mountPath: '/data' };
const named = (name: string) => ({ name, namespace });

/** Everything for one replica that keeps its people, photos and versions on a claim of its own. */
export function deployment(image: string, apiKey: string): readonly object[] {
  return [
    namespaceOf(namespace),
    { apiVersion: 'v1', kind: 'Secret', metadata: named('first-key'), stringData: { key: apiKey } },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: named('data'),
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } } },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: named('inference'),
      spec: {
        // Two at once would want the same folder.
        strategy: { type: 'Recreate' },
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: inferencePod(image) },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: named('inference'),
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: named('inference'),
      spec: {
        rules: [
          {
            host,
            http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'inference', port: { name: 'http' } } } }] },
          },
        ],
      },
    },
  ];
}

function inferencePod(image: string): object {
  const probe = (path: string) => ({ httpGet: { path, port: 'management' }, periodSeconds: 1 });
  return {
    ...restrictedPod,
    volumes: [dataVolume, ...scratchVolumes],
    containers: [
      {
        ...restrictedContainer(image),
        name: 'inference',
        ports: [
          { name: 'http', containerPort: 5000 },
          { name: 'management', containerPort: 9090 },
        ],
        env: [{ name: 'FACEHASH_BOOTSTRAP_API_KEY', valueFrom: { secretKeyRef: { name: 'first-key', key: 'key' } } }],
        startupProbe: { ...probe('/health/ready'), failureThreshold: 120 },
        readinessProbe: probe('/health/ready'),
        livenessProbe: { ...probe('/health/live'), periodSeconds: 10 },
        resources: { requests: { cpu: '100m', memory: '512Mi' }, limits: { cpu: '2', memory: '2Gi' } },
        volumeMounts: [dataMount, ...scratchMounts],
      },
    ],
  };
}

/** The trainer as a Job that demands a GPU: `run` is its whole input, and its termination message says what came out. */
export function trainingJob(image: string, name: string, run: object): object {
  const env = {
    FACEHASH_RUN: JSON.stringify(run),
    FACEHASH_OBJECTS_DIR: '/data/objects',
    FACEHASH_TERMINATION_MESSAGE: '/dev/termination-log',
  };
  const container = {
    ...restrictedContainer(image),
    name: 'trainer',
    // What is wrong with its configuration it only prints.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
    resources: { limits: { 'nvidia.com/gpu': '1', memory: '2Gi' } },
    volumeMounts: [dataMount, ...scratchMounts],
  };
  const spec = { ...restrictedPod, restartPolicy: 'Never', volumes: [dataVolume, ...scratchVolumes], containers: [container] };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: named(name), spec: { backoffLimit: 0, template: { spec } } };
}

/** One that lets in nothing that is less than restricted. */
export function namespaceOf(name: string): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } };
}

export const restrictedPod = {
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
};

const scratchVolumes = [{ name: 'tmp', emptyDir: {} }];
const scratchMounts = [{ name: 'tmp', mountPath: '/tmp' }];

export function restrictedContainer(image: string): object {
  return {
    image,
    imagePullPolicy: 'Never',
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  };
}
