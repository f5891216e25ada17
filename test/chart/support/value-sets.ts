import { render, type Values } from './helm.js';
import type { Manifest } from './manifests.js';

/** As little as there must be said. */
const stores = {
  s3: { endpoint: 'https://s3.example.org', existingSecret: 's3-credentials' },
  mongodb: { url: 'mongodb://mongodb.example.org/' },
  nats: { servers: 'nats://nats.example.org:4222' },
};

const sts = { endpoint: 'https://sts.eu-central-1.amazonaws.com', roleArn: 'arn:aws:iam::123456789012:role/facehash-training' };

/** Stores that somebody else runs, each with credentials and an authority of its own. */
const external = {
  stores: {
    s3: { ...stores.s3, bucket: 'faces', region: 'eu-central-1', addressing: 'virtual-host', caConfigMap: 's3-authority', sts },
    mongodb: { ...stores.mongodb, database: 'faces', existingSecret: 'mongodb-credentials', caConfigMap: 'mongodb-authority' },
    nats: {
      servers: 'tls://nats-0.example.org:4222,tls://nats-1.example.org:4222',
      replicas: 3,
      setup: 'check',
      caConfigMap: 'nats-authority',
      operator: { existingSecret: 'nats-operator', inboxPrefix: '_INBOX_operator' },
      inference: { existingSecret: 'nats-inference', credsKey: 'inference.creds', inboxPrefix: '_INBOX_inference' },
      trainer: { existingSecret: 'nats-trainer', credsKey: 'trainer.creds', caKey: 'ca.crt' },
    },
  },
};

const toleration = { key: 'dedicated', operator: 'Equal', value: 'faces', effect: 'NoSchedule' };
const spread = { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule' };
const affinity = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['amd64'] }] }],
    },
  },
};

/** What pods of either program can be told. */
const pod = (program: string): Values => ({
  serviceAccount: { create: true, name: `${program}-account`, annotations: { 'example.org/role': program } },
  podAnnotations: { 'example.org/scrape': 'true' },
  podLabels: { 'example.org/team': 'faces' },
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [toleration],
  affinity,
  topologySpreadConstraints: [spread],
  priorityClassName: 'platform',
  // One of their own, and one that the chart sets, too.
  extraEnv: [
    { name: 'TZ', value: 'UTC' },
    { name: 'LOG_LEVEL', value: 'error' },
  ],
  extraEnvFrom: [{ configMapRef: { name: 'proxy-settings' } }],
  extraVolumes: [{ name: 'more', configMap: { name: 'more-files' } }],
  extraVolumeMounts: [{ name: 'more', mountPath: '/more', readOnly: true }],
});

const inNamespace = (name: string): object => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } });
const at = (cidr: string): object => ({ ipBlock: { cidr } });

const everything = {
  ...external,
  commonLabels: { 'example.org/cost-centre': '1234' },
  images: {
    registry: 'registry.example.org',
    operator: { digest: `sha256:${'0'.repeat(64)}` },
    inference: { registry: 'other.example.org', tag: 'next' },
  },
  imagePullSecrets: [{ name: 'registry-credentials' }],
  operator: { ...pod('operator'), replicas: 3, logLevel: 'debug' },
  inference: {
    ...pod('inference'),
    autoscaling: { maxReplicas: 20, behavior: { scaleDown: { stabilizationWindowSeconds: 600 } } },
    requests: { bodyMiB: 10, trainBodyMiB: 1000, trainWaitSeconds: 600 },
    otlpEndpoint: 'http://collector.tracing.svc:4318',
    service: { type: 'LoadBalancer', port: 8080, annotations: { 'example.org/internal': 'true' } },
  },
  dedicated: { nodeSelector: { pool: 'faces' }, tolerations: [toleration], priorityClassName: 'platform' },
  training: {
    runsMax: 4,
    profiles: {
      default: { nodeSelector: { pool: 'training' }, env: { OMP_NUM_THREADS: '2' } },
      gpu: { runtimeClassName: 'nvidia', tolerations: [toleration], queueName: 'gpus', tfjsBackend: 'tensorflow' },
      own: {
        image: 'other.example.org/trainer:own',
        imagePullSecrets: ['own-credentials'],
        resources: { limits: { memory: '4Gi' } },
        volumes: [{ name: 'network', configMap: { name: 'own-network' } }],
        volumeMounts: [{ name: 'network', mountPath: '/network', readOnly: true }],
      },
    },
  },
  ingress: {
    enabled: true,
    className: 'nginx',
    controller: 'nginx',
    annotations: { 'nginx.ingress.kubernetes.io/proxy-next-upstream': 'off' },
    hosts: ['faces.example.org', 'gesichter.example.org'],
    tls: [{ secretName: 'faces-tls', hosts: ['faces.example.org', 'gesichter.example.org'] }],
  },
  httpRoute: { enabled: true, parentRefs: [{ name: 'gateway', namespace: 'ingress' }], hostnames: ['faces.example.org'] },
  networkPolicy: {
    inferenceFrom: [inNamespace('ingress')],
    metricsFrom: [inNamespace('monitoring')],
    s3To: [at('192.0.2.0/28')],
    mongodbTo: [at('192.0.2.16/28')],
    natsTo: [at('192.0.2.32/28')],
    apiServerTo: [at('192.0.2.48/32')],
    extraEgress: [{ to: [at('192.0.2.64/32')], ports: [{ port: 3128, protocol: 'TCP' }] }],
  },
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
  alerts: { enabled: true, labels: { release: 'prometheus' }, runbookUrl: 'https://runbooks.example.org/faces' },
  dashboard: { enabled: true, annotations: { 'example.org/folder': 'Faces' } },
};

/** Everything that can be left out is. */
const least = {
  stores: { ...stores, mongodb: { urlSecret: { name: 'mongodb-address' } } },
  crds: { install: false },
  operator: { replicas: 1, podDisruptionBudget: { enabled: false }, serviceAccount: { create: false, name: 'given-operator' } },
  inference: {
    replicas: 1,
    autoscaling: { enabled: false },
    podDisruptionBudget: { enabled: false },
    restartPods: false,
    serviceAccount: { create: false, name: 'given-inference' },
  },
  dedicated: { enabled: false },
  training: { profiles: { gpu: null } },
  networkPolicy: { enabled: false },
};

/** The installations that the chart's tests look at. */
export const valueSets = {
  external,
  evaluation: { evaluation: { enabled: true } },
  namespaced: { ...external, operator: { watchNamespace: 'faces' } },
  everything,
  traefik: { evaluation: { enabled: true, storageClassName: 'fast' }, ingress: { enabled: true, controller: 'traefik' } },
  least,
} as const satisfies Readonly<Record<string, Values>>;

export type SetName = keyof typeof valueSets;
export const setNames = Object.keys(valueSets) as readonly SetName[];

const rendered = new Map<SetName, Promise<readonly Manifest[]>>();

/** Rendered once for each file of tests. */
export function renderedSet(name: SetName): Promise<readonly Manifest[]> {
  const known = rendered.get(name) ?? render(valueSets[name]);
  rendered.set(name, known);
  return known;
}
