import { eventually, untilItPasses } from '@facehash/testing';
import { IN_CLUSTER, noClusterHere, testImageArchive } from '../support/cluster.js';
import type { Client } from '../support/client.js';
import { Installation, PLATFORM, RELEASE } from '../support/installation.js';
import { connects, LISTENING, listening } from '../support/listening-pod.js';
import { noImages } from '../support/images.js';
import { newcomer, persons, type Person } from '../support/photos.js';
import { storedObjects } from '../support/stored-objects.js';

const reason = noImages ?? (await noClusterHere());
/** A resource that no node here has. */
const NOT_HERE = 'nvidia.com/mig-7g.80gb';

describe('the chart in a cluster', () => {
  if (reason === undefined) installed();
  else it.skip(`is not tested: ${reason}`, () => undefined);
});

interface TrainerPod {
  readonly node: string | undefined;
  readonly limits: Readonly<Record<string, string>>;
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const withVerbs = (verbs: string, resource: string): readonly string[] => verbs.split(' ').map((verb) => `${verb} ${resource}`);
const operatorRights = [
  ...withVerbs('list watch patch', 'facemodels.facehash.dev'),
  ...withVerbs('patch', 'facemodels/status.facehash.dev'),
  // In its own namespace twice: API keys, and credentials of runs.
  ...withVerbs('get create patch create patch', 'secrets'),
  ...withVerbs('create patch', 'events.events.k8s.io'),
  ...withVerbs('list watch', 'nodes'),
  ...withVerbs('create', 'leases.coordination.k8s.io'),
  ...withVerbs('get update', `leases.coordination.k8s.io/${RELEASE}-operator`),
  ...withVerbs('get list watch create patch delete', 'jobs.batch'),
  ...withVerbs('list watch', 'pods'),
  ...withVerbs('list watch create patch delete', 'deployments.apps'),
  ...withVerbs('list create patch delete', 'services'),
  ...withVerbs('list create patch delete', 'poddisruptionbudgets.policy'),
  ...withVerbs('list create patch delete', 'horizontalpodautoscalers.autoscaling'),
].sort();

function installed(): void {
  let here: Installation;
  let people: readonly Person[];
  let someone: Person;
  let stranger: Buffer;

  beforeAll(async () => {
    here = await Installation.start({ gpus: 1, more: ['trainer-gpu'] });
    // Of the photos' set, the third takes after the second.
    people = (await persons(5, 5)).filter((_, i) => [0, 1, 3].includes(i));
    const [first] = people;
    if (!first) throw new Error('nobody to enrol');
    someone = first;
    [stranger = Buffer.alloc(0)] = (await newcomer(0, 1)).photos;
  });

  afterAll(() => here?.[Symbol.asyncDispose]());

  it('passes its own test, which enrols, trains and recognises, and leaves nothing of it', async () => {
    expect(await here.helm('test', RELEASE, '--timeout', '240s')).toMatch(/^Phase: +Succeeded$/m);
    await eventually(
      () => here.kubectl.run('get', 'fm,jobs,pods', '-n', PLATFORM, '-l', 'app.kubernetes.io/component in (test,trainer)', '-o', 'name'),
      (left) => left === '',
      IN_CLUSTER,
    );
  });

  it('makes three FaceModels keys of their own, and answers each by the people of its own', async () => {
    const owners = people.map((person, i) => ({ person, name: `door-${i}` }));
    const clients = await Promise.all(owners.map(({ name }) => here.faceModel(name)));
    await Promise.all(clients.map((client, i) => enrol(client, owners[i]?.person)));
    for (const { name } of owners) await here.kubectl.run('wait', `fm/${name}`, '--for=condition=Ready', '--timeout=60s');
    for (const [i, client] of clients.entries()) {
      const answers = await Promise.all(people.map((person) => named(client, photoOf(person))));
      expect(answers).toEqual(people.map(({ name }, of) => (of === i ? name : null)));
      expect(await named(client, stranger)).toBeNull();
    }
    expect(await here.kubectl.run('get', 'fm')).toMatch(/^door-0 +Ready +1 +5 +v-/m);
  });

  it('keeps the stores from who need not ask them, and a trainer from everybody', async () => {
    await here.cluster.load([await testImageArchive(here.folder)]);
    const trainer = { 'app.kubernetes.io/managed-by': 'facehash-operator', 'app.kubernetes.io/component': 'trainer' };
    await here.kubectl.apply(listening('outsider', 'default'), listening('neighbour', 'default'), listening('trainer', PLATFORM, trainer));
    for (const [name, namespace] of Object.entries({ outsider: 'default', neighbour: 'default', trainer: PLATFORM })) {
      await here.kubectl.run('wait', '-n', namespace, `pod/${name}`, '--for=condition=Ready', '--timeout=60s');
    }
    await untilItPasses(
      async () => {
        expect(await reachedBy('outsider', 'default')).toEqual(['neighbour', 'inference']);
        expect(await reachedBy('trainer', PLATFORM)).toEqual(['minio', 'nats']);
      },
      { withinMs: 60_000 },
    );
    await here.kubectl.run('delete', 'pod', 'outsider', 'neighbour', '-n', 'default');
    await here.kubectl.run('delete', 'pod', 'trainer', '-n', PLATFORM);
  });

  it('trains on a node with a GPU, by native TensorFlow, in a Job that asks for one', async () => {
    const client = await here.faceModel('accelerated', {
      training: { profile: 'gpu', accelerator: { resource: 'nvidia.com/gpu', count: 1, onUnavailable: 'UseCpu' } },
    });
    const [pod] = await Promise.all([trainerPodOf('accelerated'), enrol(client)]);
    expect(pod.limits['nvidia.com/gpu']).toBe('1');
    expect(pod.node).toBe('local');
    await here.kubectl.run('wait', 'fm/accelerated', '--for=condition=Ready', '--timeout=60s');
    expect(await here.field('accelerated', '.status.activeVersion.backend')).toBe('tensorflow');
    expect(await named(client, photoOf(someone))).toBe(someone.name);
  });

  it('does without a GPU that no node has, where that will do', async () => {
    const accelerator = { resource: NOT_HERE, count: 1, onUnavailable: 'UseCpu' };
    const client = await here.faceModel('without', { training: { accelerator } });
    await enrol(client);
    expect(await here.field('without', '.status.activeVersion.backend')).toBe('wasm');
  });

  it('waits for a GPU that no node has, where it must, says so, and takes no room meanwhile', async () => {
    const accelerator = { resource: NOT_HERE, count: 1, onUnavailable: 'Wait' };
    // As many as may run at once: if they took their places, nobody else would be trained.
    const names = ['waiting', 'waiting-too'];
    for (const name of names) {
      const client = await here.faceModel(name, { training: { accelerator, startDeadlineSeconds: 5 } });
      expect((await client.train(someone.name, someone.enrolled, { prefer: 'respond-async' })).status).toBe(202);
      await eventually(
        () => here.kubectl.run('get', 'fm', name, '-o', 'wide'),
        (line) => line.includes(NOT_HERE),
        IN_CLUSTER,
      );
      expect(await here.field(name, '.status.phase')).toBe('Training');
    }
    await enrol(await here.faceModel('beside'));
    for (const name of names) expect(await here.field(name, '.status.phase')).toBe('Training');
    await here.kubectl.run('delete', 'fm', ...names, '--timeout=60s');
  });

  it('gives accounts what they need, and pods that need nothing no account at all', async () => {
    const ofNobody = await rightsOf('default');
    expect(await rightsOf(`${RELEASE}-inference`)).toEqual(ofNobody);
    const inPlatform = (await rightsOf(`${RELEASE}-operator`)).filter((right) => !ofNobody.includes(right));
    expect(inPlatform.sort()).toEqual(operatorRights);
    const tokens = ['exec', `deployment/${RELEASE}-inference`, '-n', PLATFORM, '--', 'ls', '/var/run/secrets'];
    await expect(here.kubectl.run(...tokens)).rejects.toThrow('No such file or directory');
  });

  it('leaves nothing of a FaceModel that is deleted', async () => {
    const ids = (await here.kubectl.run('get', 'fm', '-o', 'jsonpath={.items[*].status.storageId}')).split(' ');
    await using stored = await storedObjects(here);
    expect(await Promise.all(ids.map(async (id) => (await stored.keys(`${id}/`)).length > 0))).toContain(true);
    await here.kubectl.run('delete', 'fm', '--all', '--timeout=120s');
    await eventually(
      async () => (await Promise.all(ids.map((id) => stored.keys(`${id}/`)))).flat(),
      (keys) => keys.length === 0,
      IN_CLUSTER,
    );
    await eventually(
      () => here.kubectl.run('get', 'secrets,fm,jobs', '-n', 'default', '-o', 'name'),
      (left) => left === '',
      IN_CLUSTER,
    );
    // Pods and Secrets of a Job go a moment after it.
    const ofModels = ['get', 'jobs,pods,secrets', '-n', PLATFORM, '-l', 'app.kubernetes.io/managed-by=facehash-operator', '-o', 'name'];
    await eventually(
      () => here.kubectl.run(...ofModels),
      (left) => left === '',
      IN_CLUSTER,
    );
  });

  it('leaves nothing of itself when it is uninstalled but the resource definition and the lease', async () => {
    await here.helm('uninstall', RELEASE, '--wait', '--timeout', '120s');
    const kinds = 'all,configmaps,secrets,serviceaccounts,pvc,networkpolicies,pdb,roles,rolebindings,ingresses,leases';
    const left = await eventually(
      () => here.kubectl.run('get', kinds, '-n', PLATFORM, '-o', 'name'),
      (names) => !names.includes('pod/') && !names.includes('persistentvolumeclaim/'),
      IN_CLUSTER,
    );
    expect(left.split('\n').sort()).toEqual([
      'configmap/kube-root-ca.crt',
      'lease.coordination.k8s.io/facehash-operator',
      'serviceaccount/default',
    ]);
    const everywhere = await here.kubectl.run('get', 'clusterroles,clusterrolebindings,crd', '-o', 'name');
    expect(everywhere.split('\n').filter((name) => /facehash:facehash|facehash\.dev/.test(name))).toEqual([
      'customresourcedefinition.apiextensions.k8s.io/facemodels.facehash.dev',
    ]);
  });

  /** What an account of the platform's namespace may do there, as the API server says: `verb resource.group/name`. */
  async function rightsOf(account: string): Promise<readonly string[]> {
    const as = `system:serviceaccount:${PLATFORM}:${account}`;
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace: PLATFORM } };
    const { status } = JSON.parse(await here.kubectl.create(review, '--validate=false', '--as', as)) as {
      status: { resourceRules: readonly Rule[] };
    };
    return status.resourceRules.flatMap(({ apiGroups = [], resources = [], resourceNames = [''], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          resourceNames.flatMap((name) => verbs.map((verb) => `${verb} ${resource}${group && `.${group}`}${name && `/${name}`}`)),
        ),
      ),
    );
  }

  /** What lets a pod connect, of all that there is to be asked. */
  async function reachedBy(pod: string, namespace: string): Promise<readonly string[]> {
    const addressOf = (name: string, of: string) => here.kubectl.run('get', 'pod', name, '-n', of, '-o', 'jsonpath={.status.podIP}');
    const targets = {
      neighbour: { host: await addressOf('neighbour', 'default'), port: LISTENING },
      trainer: { host: await addressOf('trainer', PLATFORM), port: LISTENING },
      inference: { host: `${RELEASE}-inference.${PLATFORM}`, port: 80 },
      minio: { host: `${RELEASE}-minio.${PLATFORM}`, port: 9000 },
      mongodb: { host: `${RELEASE}-mongodb.${PLATFORM}`, port: 27017 },
      nats: { host: `${RELEASE}-nats.${PLATFORM}`, port: 4222 },
    };
    const reached: string[] = [];
    for (const [name, target] of Object.entries(targets)) {
      if (name !== pod && (await connects(here.kubectl, { pod, namespace }, target))) reached.push(name);
    }
    return reached;
  }

  async function enrol(client: Client, { name, enrolled }: Person = someone): Promise<void> {
    const { status, body } = await client.train(name, enrolled);
    expect({ status, body }).toMatchObject({ status: 200, body: { trainingSuccess: 1, accepted: enrolled.length } });
  }

  /** Once it is put on a node. Those of others may still be there. */
  async function trainerPodOf(model: string): Promise<TrainerPod> {
    const selector = `app.kubernetes.io/component=trainer,facehash.dev/model-name=${model}`;
    const list = await eventually(
      async () =>
        JSON.parse(await here.kubectl.run('get', 'pods', '-n', PLATFORM, '-l', selector, '-o', 'json')) as {
          items: { spec: { nodeName?: string; containers: { resources: { limits: Record<string, string> } }[] } }[];
        },
      ({ items }) => items[0]?.spec.nodeName !== undefined,
      IN_CLUSTER,
    );
    const spec = list.items[0]?.spec;
    return { node: spec?.nodeName, limits: spec?.containers[0]?.resources.limits ?? {} };
  }
}

async function named(client: Client, photo: Buffer): Promise<string | null> {
  const { status, body } = await client.recognize(photo);
  expect(status).toBe(200);
  return body.foundFace;
}

/** One that was not enrolled. */
function photoOf({ name, others: [photo] }: Person): Buffer {
  if (photo === undefined) throw new Error(`no other photo of ${name}`);
  return photo;
}
