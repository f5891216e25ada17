import { MANAGED_BY, STORAGE_ID_LABEL, trainersIn } from '@facehash/operator-reconcilers';
import { NAMESPACE, RELEASE } from './helm.js';
import { podOf, podsOf, type Manifest } from './manifests.js';
import { NetworkPolicies, type Namespace, type Party, type PodParty } from './network-policies.js';

/** Who is asked, where. */
interface Target {
  readonly of: string;
  readonly to: Party;
  readonly port: number;
  readonly protocol?: string;
}

const namespace = (name: string): Namespace => ({ name, labels: { 'kubernetes.io/metadata.name': name } });
const platform = namespace(NAMESPACE);
const HTTP = 5000;
const MANAGEMENT = 9090;

/** Of the set of values that names where everything is (value-sets.ts); elsewhere the same addresses mean nothing. */
const outside = {
  s3: { ip: '192.0.2.1' },
  mongodb: { ip: '192.0.2.17' },
  nats: { ip: '192.0.2.33' },
  'API server': { ip: '192.0.2.48' },
  internet: { ip: '203.0.113.1' },
} as const;

/** Pods that the chart has nothing to do with. */
const others = {
  ingress: { namespace: namespace('ingress'), labels: { app: 'ingress' } },
  monitoring: { namespace: namespace('monitoring'), labels: { app: 'prometheus' } },
  tenant: { namespace: namespace('tenant'), labels: { app: 'anything' } },
  neighbour: { namespace: platform, labels: { app: 'anything' } },
} as const satisfies Readonly<Record<string, PodParty>>;

/** Who may ask whom at which port: all that the chart or its operator makes, and some others, of whom only what they ask of the first is told. */
export function flowsIn(
  objects: readonly Manifest[],
  more: Readonly<Record<string, PodParty>> = {},
): Readonly<Record<string, readonly string[]>> {
  const policies = new NetworkPolicies(objects);
  const own = partiesIn(objects);
  const test = { namespace: platform, labels: podOf(objects, `Pod ${RELEASE}-test`).labels };
  const sources: Readonly<Record<string, Party>> = { ...own, 'helm test': test, ...others, ...more, internet: outside.internet };
  const targets = targetsFor(own);
  return Object.fromEntries(
    Object.entries(sources).map(([name, from]) => {
      const asked = targets.filter(({ of, to }) => to !== from && (name in own || of in own));
      const reached = asked.filter((target) => policies.allow({ from, ...target }));
      return [name, reached.map(({ of, port }) => `${of}:${port}`)];
    }),
  );
}

/** Those of the chart as it renders them, and those that the operator makes with the labels that it gives them. */
function partiesIn(objects: readonly Manifest[]): Readonly<Record<string, PodParty>> {
  const rendered = (of: string): PodParty => {
    const { labels, spec } = podOf(objects, of);
    const ports = spec.containers.flatMap((container) => container.ports ?? []);
    const named = ports.flatMap(({ name, containerPort }) => (name === undefined ? [] : [[name, containerPort] as const]));
    return { namespace: platform, labels, ports: Object.fromEntries(named) };
  };
  const trainer = trainersIn(NAMESPACE).labelSelector ?? '';
  const stores = podsOf(objects).filter(({ of }) => of.startsWith('StatefulSet '));
  return {
    inference: rendered(`Deployment ${RELEASE}-inference`),
    dedicated: {
      namespace: platform,
      labels: { ...MANAGED_BY, [STORAGE_ID_LABEL]: 'some-model' },
      ports: { http: HTTP, management: MANAGEMENT },
    },
    trainer: { namespace: platform, labels: Object.fromEntries(trainer.split(',').map((label) => label.split('='))) },
    operator: rendered(`Deployment ${RELEASE}-operator`),
    ...Object.fromEntries(stores.map(({ of }) => [of.slice(`StatefulSet ${RELEASE}-`.length), rendered(of)])),
  };
}

/** Everything that is ever asked, and some things that nobody should. */
function targetsFor(own: Readonly<Record<string, PodParty>>): readonly Target[] {
  const ofOwn = (of: string, ...ports: readonly number[]): readonly Target[] => {
    const to = own[of];
    return to ? ports.map((port) => ({ of, to, port })) : [];
  };
  return [
    ...ofOwn('inference', HTTP, MANAGEMENT),
    ...ofOwn('dedicated', HTTP, MANAGEMENT),
    ...ofOwn('operator', MANAGEMENT),
    ...ofOwn('trainer', MANAGEMENT),
    ...ofOwn('minio', 9000),
    ...ofOwn('mongodb', 27017),
    ...ofOwn('nats', 4222, 8222),
    { of: 's3', to: outside.s3, port: 443 },
    ...(own['mongodb'] ? [] : [{ of: 'mongodb', to: outside.mongodb, port: 27017 }]),
    ...(own['nats'] ? [] : [{ of: 'nats', to: outside.nats, port: 4222 }]),
    { of: 'API server', to: outside['API server'], port: 443 },
    { of: 'internet', to: outside.internet, port: 443 },
    { of: 'internet', to: outside.internet, port: 80 },
    { of: 'tenant', to: others.tenant, port: 8080 },
    { of: 'collector', to: { namespace: namespace('tracing'), labels: { app: 'collector' } }, port: 4318 },
    { of: 'proxy', to: { ip: '192.0.2.64' }, port: 3128 },
    { of: 'DNS', to: { namespace: namespace('kube-system'), labels: { 'k8s-app': 'kube-dns' } }, port: 53, protocol: 'UDP' },
    { of: 'DNS of OpenShift', to: { namespace: namespace('openshift-dns'), labels: {} }, port: 5353, protocol: 'UDP' },
  ];
}
