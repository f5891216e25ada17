import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@facehash/testing';
import { callsOf, verbsOf, type AuditedCall } from '../support/api-audit.js';
import { operatorRules, type Place, type Rule } from '../support/operator-rules.js';
import { OperatorStage, PLATFORM } from '../support/operator-stage.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';
import { serversOrReason } from '../support/servers.js';

const rules = await operatorRules();
const binaries = await serversOrReason([
  'kube-apiserver',
  'kube-controller-manager',
  'kubectl',
  'etcd',
  'minio',
  'nats-server',
  'ferretdb',
]);
const TENANT = 'tenant';
const FORBIDDEN = 403;
/** An event that happens again is counted in the API after so long. */
const COUNTED_AGAIN_MS = 31_000;

describe('the roles of the operator', () => {
  if (typeof binaries === 'string') it.skip(`are not tried: ${binaries}`, () => undefined);
  else tried();
});

function tried(): void {
  let stage: OperatorStage;
  const template = join(tmpdir(), `facehash-dedicated-${process.pid}.yaml`);
  /** No node takes the next trainer. */
  let nodeless = false;

  beforeAll(async () => {
    await writeFile(template, 'image: facehash/inference:test\n');
    stage = await OperatorStage.start({ replicas: 1, operators: 0, audit: true, instead: () => (nodeless ? 'never' : undefined) });
    await stage.kubectl('create', 'namespace', TENANT);
  });

  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
    await rm(template, { force: true });
  });

  it.each<[string, readonly Place[], Readonly<Record<string, string>>]>([
    ['whole-cluster', ['models', 'platform', 'workloads', 'cluster'], { FACEHASH_DEDICATED_TEMPLATE_FILE: template }],
    ['one-namespace', ['models', 'platform'], { FACEHASH_WATCH_NAMESPACE: TENANT }],
  ])(
    'allow everything that the life of a model needs, and nothing that it does not: %s',
    async (account, places, env) => {
      const operator = await stage.startOperatorAs(account, { objects: rolesOf(account, places), env });
      nodeless = false;
      await life(stage, () => (nodeless = true));
      if (places.includes('workloads')) await lifeOfItsOwn(stage);
      await operator.stop();
      const calls = await callsOf(stage.api.auditLog ?? '', `system:serviceaccount:${PLATFORM}:${account}`);
      expect(calls.filter(({ status }) => status === FORBIDDEN)).toEqual([]);
      expect(used(calls)).toEqual(granted(places));
      // The next one is to make its own.
      await stage.kubectl('delete', 'lease', 'facehash-operator', '-n', PLATFORM);
    },
    240_000,
  );
}

/** A model from its first day to its last, and one whose Secret is somebody else's. */
async function life(stage: OperatorStage, takeNodesAway: () => void): Promise<void> {
  const inTenant = (...args: readonly string[]): Promise<string> => stage.kubectl(...args, '-n', TENANT);
  const phaseIs = (phase: string): Promise<string> =>
    inTenant('wait', 'fm/front-door', `--for=jsonpath={.status.phase}=${phase}`, '--timeout=60s');
  await inTenant('create', 'secret', 'generic', 'blocked-api-key', '--from-literal=password=mine');
  await stage.apply(faceModel('blocked'), faceModel('front-door'));
  await phaseIs('Empty');
  await eventually(async () => (await inTenant('get', 'events', '-o', 'jsonpath={.items[*].reason}')).includes('ApiKeySecretTaken'));
  const warnedAt = performance.now();

  const key = await stage.apiKey('front-door', TENANT);
  const [client] = stage.stores.clients(key);
  if (!client) throw new Error('a replica was asked for');
  await eventually(async () => (await client.call('GET', '/v1/model')).status === 200);
  expect((await client.train('Ann', await sampleFaces(0, [0, 1, 2, 3]))).body).toMatchObject({ trainingSuccess: 1 });
  expect((await client.recognize(await sampleFace(0, 9))).body.foundFace).toBe('Ann');
  await phaseIs('Ready');
  await inTenant('annotate', 'fm', 'front-door', 'facehash.dev/rotate-api-key=1');
  await eventually(async () => (await stage.apiKey('front-door', TENANT)) !== key);

  const left = warnedAt + COUNTED_AGAIN_MS - performance.now();
  await sleep(Math.max(0, left));
  await inTenant('annotate', 'fm', 'blocked', 'example.com/looked=1');
  await eventually(async () => (await inTenant('get', 'events.events.k8s.io', '-o', 'jsonpath={.items[*].series.count}')) !== '');

  // Its end, in the middle of a run.
  takeNodesAway();
  expect((await client.train('Ben', await sampleFaces(3, [0, 1, 2]), { prefer: 'respond-async' })).status).toBe(202);
  await eventually(async () => (await stage.kubectl('get', 'pods', '-n', PLATFORM, '-o', 'name')) !== '');
  await inTenant('delete', 'fm', 'front-door', 'blocked', '--timeout=60s');
  await inTenant('delete', 'secret', 'blocked-api-key');
}

/** Of a model with pods of its own, which nobody runs here. */
async function lifeOfItsOwn(stage: OperatorStage): Promise<void> {
  const made = async (): Promise<string> => stage.kubectl('get', 'deploy,svc,pdb,hpa', '-n', PLATFORM, '-o', 'name');
  await stage.apply(faceModel('dedicated', { serving: { mode: 'Dedicated', autoscaling: { minReplicas: 2, maxReplicas: 3 } } }));
  await eventually(async () => (await made()).trim().split('\n').length === 4);
  await stage.kubectl('delete', 'fm', 'dedicated', '-n', TENANT, '--timeout=60s');
  expect(await made()).toBe('');
}

function faceModel(name: string, spec: object = {}): object {
  return { apiVersion: 'facehash.dev/v1alpha1', kind: 'FaceModel', metadata: { name, namespace: TENANT }, spec };
}

/** As the chart makes them. */
function rolesOf(account: string, places: readonly Place[]): readonly object[] {
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace: PLATFORM }];
  const bound = (kind: 'Role' | 'ClusterRole', metadata: { name: string; namespace?: string }, granted: readonly Rule[]): object[] => [
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata, rules: granted },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: metadata.name },
      subjects,
    },
  ];
  const models = places.includes('cluster')
    ? bound('ClusterRole', { name: account }, [...rules.models, ...rules.cluster])
    : bound('Role', { name: account, namespace: TENANT }, rules.models);
  const ofPlatform = [...rules.platform, ...(places.includes('workloads') ? rules.workloads : [])];
  return [...models, ...bound('Role', { name: account, namespace: PLATFORM }, ofPlatform)];
}

function granted(places: readonly Place[]): readonly string[] {
  const all = places.flatMap((place) =>
    rules[place].flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => said(place, group === '' ? resource : `${group}/${resource}`, verb))),
      ),
    ),
  );
  return [...new Set(all)].sort();
}

function used(calls: readonly AuditedCall[]): readonly string[] {
  const all = calls.flatMap((call) => verbsOf(call).map((verb) => said(placeOf(call), call.resource, verb)));
  return [...new Set(all)].sort();
}

function placeOf({ resource, namespace }: AuditedCall): Place {
  if (resource === 'nodes') return 'cluster';
  if (rules.workloads.some(({ apiGroups: [group], resources: [name] }) => resource === [group, name].filter(Boolean).join('/')))
    return 'workloads';
  return namespace === PLATFORM ? 'platform' : 'models';
}

function said(place: Place, resource: string, verb: string): string {
  return `${place}: ${verb} ${resource}`;
}
