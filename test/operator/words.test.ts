import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { eventually, temporaryFolder, untilItPasses } from '@facehash/testing';
import type { Client } from '../support/client.js';
import { atPort, testedBlocks } from '../support/documents.js';
import type { KubeletOptions } from '../support/fake-kubelet.js';
import { OperatorStage } from '../support/operator-stage.js';
import { sampleFaces } from '../support/sample-faces.js';
import { serversOrReason } from '../support/servers.js';

const run = promisify(execFile);
const binaries = await serversOrReason([
  'kube-apiserver',
  'kube-controller-manager',
  'kubectl',
  'etcd',
  'minio',
  'nats-server',
  'ferretdb',
]);
const FAILED = 1;
const REFUSED = 3;

describe('what a person reads', () => {
  if (typeof binaries === 'string') it.skip(`is not tested: ${binaries}`, () => undefined);
  else read(binaries['kubectl'] ?? '');
});

const trainer = { name: 'trainer', image: 'facehash/trainer:test', imageID: '', ready: false, restartCount: 0 };

/** What becomes of the runs of some models; those of others are trained. */
const runsOf: Readonly<Record<string, ReturnType<NonNullable<KubeletOptions['instead']>>>> = {
  busy: 'never',
  roomless: {
    pending: {
      conditions: [
        { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available: 3 Insufficient cpu.' },
      ],
    },
  },
  imageless: {
    pending: {
      conditions: [{ type: 'PodScheduled', status: 'True' }],
      containerStatuses: [{ ...trainer, state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } } }],
    },
  },
  worse: ended(REFUSED, { outcome: 'refused', code: 'VERSION_REFUSED', message: 'people are told apart significantly worse' }),
  cut: ended(FAILED, { outcome: 'failed', code: 'STORE_UNAVAILABLE', message: 'the object store did not answer', retryable: true }),
  broken: ended(FAILED, { outcome: 'failed', code: 'TRAINING_FAILED', message: 'the photos cannot be told apart', retryable: false }),
};

/** Enrolled one after another: what `kubectl get fm -o wide` says of each. */
const enrolled: readonly Line[] = [
  ['worse', {}, 'Degraded', 'GateRefused', 'people are told apart significantly worse; new photos or a changed spec start training again'],
  ['broken', {}, 'Degraded', 'RetriesExhausted', 'the photos cannot be told apart; new photos or a changed spec start training again'],
  ['cut', {}, 'Degraded', 'TrainingFailed', 'the object store did not answer; trying again'],
  [
    'huge',
    { training: { profile: 'huge' } },
    'Degraded',
    'ProfileMissing',
    'there is no training profile huge: name one of default in spec.training.profile',
  ],
  ['asleep', { suspend: true }, 'Suspended', 'Suspended', 'training and rollouts are suspended by spec.suspend'],
  ['nailed', { versions: { pin: 'v-000000000000' } }, 'Degraded', 'PinMissing', 'is stored; change or remove versions.pin'],
  ['busy', {}, 'Training', 'Training', '(trains version v-|does not begin yet: its pod is being scheduled)'],
  ['waits', {}, 'Waiting', 'WaitingForRun', 'as many training runs are under way as may run at once; it is trained when its turn comes'],
];
const notEnrolled: readonly Line[] = [
  ['empty', {}, 'Empty', 'NoSamples', 'nobody is enrolled yet'],
  ['keyless', {}, 'Degraded', 'ApiKeySecretTaken', 'delete it, or name another one in spec.apiKey.secretName'],
  ['first', { storageId: 'shared-one' }, 'Empty', 'NoSamples', 'nobody is enrolled yet'],
  [
    'second',
    { storageId: 'shared-one' },
    'Degraded',
    'StorageIdTaken',
    'default/first has the storage id shared-one: delete one of the two',
  ],
];

type Line = readonly [name: string, spec: object, phase: string, reason: string, message: string];

function read(kubectl: string): void {
  let stage: OperatorStage;

  beforeAll(async () => {
    stage = await OperatorStage.start({
      replicas: 1,
      operatorEnv: { FACEHASH_TRAINING_RUNS_MAX: '1' },
      instead: (pod) => runsOf[pod.metadata.labels?.['facehash.dev/model-name'] ?? ''],
    });
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  it('in docs/operator.md comes true when its commands are followed to the letter', async () => {
    await using folder = await temporaryFolder();
    for (const [i, photo] of (await sampleFaces(0, [0, 1, 2])).entries()) await writeFile(join(folder.path, `ann${i + 1}.jpg`), photo);
    const text = (await testedBlocks('docs/operator.md', 'bash')).join('\n');
    const port = Number(new URL(stage.stores.replica(0).url).port);
    await writeFile(join(folder.path, 'guide.sh'), `set -eu\nkubectl() { '${kubectl}' "$@"; }\n${atPort(text, port)}`);
    const env = { PATH: process.env['PATH'], KUBECONFIG: stage.api.kubeconfig, HOME: folder.path };
    const { stdout } = await run('bash', ['guide.sh'], { cwd: folder.path, env, timeout: 120_000 });
    for (const told of [
      /facemodel.facehash.dev\/front-door created/,
      /"trainingSuccess":1/,
      /front-door +Ready +1 +3 +v-\w{12}/,
      /front-door +Ready .* Pinned +version v-\w{12} answers/,
      /"front-door" deleted/,
    ])
      expect(stdout).toMatch(told);
    await eventually(async () => {
      const events = await stage.kubectl('get', 'events');
      return ['ApiKeyReady', 'TrainingStarted', 'RolloutStarted', 'VersionPromoted', 'ApiKeyRotated', 'Erased'].every((reason) =>
        events.includes(reason),
      );
    });
  });

  it('of a training profile that is not there says so once, begins no run, and goes on when another one is named', async () => {
    const missing = 'there is no training profile gone: name one of default in spec.training.profile';
    const later: Line = ['later', { training: { profile: 'gone' } }, 'Degraded', 'ProfileMissing', missing];
    await stage.apply(faceModel(later[0], later[1]));
    await enrol(stage, 'later');
    await reads(stage, later);
    // That the store was tidied for it is written after.
    await sleep(2_000);
    const written = await stage.kubectl('get', 'fm', 'later', '-o', 'jsonpath={.metadata.resourceVersion}');
    // Longer than the first pauses of what is tried again.
    await sleep(6_000);
    expect(await stage.kubectl('get', 'fm', 'later', '-o', 'jsonpath={.metadata.resourceVersion}')).toBe(written);
    expect(await stage.kubectl('describe', 'fm', 'later')).not.toMatch(/TrainingStarted|TrainingFailed/);
    await stage.kubectl('patch', 'fm', 'later', '--type=merge', '-p', '{"spec":{"training":{"profile":"default"}}}');
    await phaseIs(stage, 'later', 'Ready');
  });

  it.each([
    ['roomless', 'no node has room for it \\(0/3 nodes are available: 3 Insufficient cpu.\\)'],
    ['imageless', 'the image facehash/trainer:test cannot be pulled \\(ImagePullBackOff: Back-off pulling image\\)'],
  ])('of a run that does not begin says why, long before it is given up: %s', async (name, why) => {
    await stage.apply(faceModel(name, {}));
    await enrol(stage, name);
    await reads(stage, [name, {}, 'Training', 'Training', `does not begin yet: ${why}`]);
    expect(await stage.kubectl('get', 'fm', name, '-o', 'jsonpath={.status.training.waitingFor}')).toMatch(new RegExp(`^${why}$`));
    expect(await stage.kubectl('describe', 'fm', name)).toMatch(/Waiting For: +(no node|the image)/);
    // Its place is for others.
    await stage.kubectl('delete', 'fm', name, '--timeout=60s');
  });

  it('tells of each phase what happens and what to do', async () => {
    await stage.kubectl('create', 'secret', 'generic', 'keyless-api-key', '--from-literal=password=mine');
    for (const line of enrolled) {
      await stage.apply(faceModel(line[0], line[1]));
      await enrol(stage, line[0]);
      await reads(stage, line);
    }
    for (const line of notEnrolled) {
      await stage.apply(faceModel(line[0], line[1]));
      await reads(stage, line);
      // Who is older is told by the second.
      await sleep(1000);
    }
  });

  it('of a resource that a newer definition lets through says so', async () => {
    const novelty = {
      op: 'add',
      path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/novelty',
      value: { type: 'string' },
    };
    await stage.kubectl('patch', 'crd/facemodels.facehash.dev', '--type=json', '-p', JSON.stringify([novelty]));
    let tries = 0;
    // Who watched the old definition goes on with the new one a moment later, and sees what is changed from then on.
    await eventually(async () => {
      await stage.apply(faceModel('newer', { novelty: `x${tries++}` }));
      return (await stage.kubectl('get', 'fm', 'newer', '-o', 'jsonpath={.status.phase}')) === 'Degraded';
    });
    expect(await stage.kubectl('get', 'fm', 'newer', '-o', 'wide')).toMatch(/SpecInvalid .*"novelty".*An older operator beside a newer/);
  });

  it('of one that is going says that it is, as long as somebody else holds it', async () => {
    await stage.apply(faceModel('held', {}, ['example.com/hold']));
    await phaseIs(stage, 'held', 'Empty');
    await stage.kubectl('delete', 'fm', 'held', '--wait=false');
    await phaseIs(stage, 'held', 'Deleting');
    await eventually(async () => /Erased .*no photo, no name and no version/.test(await stage.kubectl('describe', 'fm', 'held')));
    await stage.kubectl('patch', 'fm', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
  });
}

function faceModel(name: string, spec: object, finalizers: readonly string[] = []): object {
  return { apiVersion: 'facehash.dev/v1alpha1', kind: 'FaceModel', metadata: { name, namespace: 'default', finalizers }, spec };
}

/** Sooner or later: what is tried again reads otherwise in between. */
async function reads(stage: OperatorStage, [name, , phase, reason, message]: Line): Promise<void> {
  const wanted = new RegExp(`^${name} +${phase} .* ${reason} .*${message}`, 'm');
  await untilItPasses(async () => expect(await stage.kubectl('get', 'fm', name, '-o', 'wide')).toMatch(wanted), { withinMs: 30_000 });
}

async function phaseIs(stage: OperatorStage, name: string, phase: string): Promise<void> {
  await stage.kubectl('wait', `fm/${name}`, `--for=jsonpath={.status.phase}=${phase}`, '--timeout=60s');
}

/** Without waiting for what comes of it. */
async function enrol(stage: OperatorStage, name: string): Promise<void> {
  await eventually(async () => (await stage.kubectl('get', 'secret', `${name}-api-key`, '-o', 'name')) !== '');
  const [client] = stage.stores.clients(await stage.apiKey(name));
  await eventually(async () => (await client?.call('GET', '/v1/model'))?.status === 200);
  const answer: Awaited<ReturnType<Client['train']>> | undefined = await client?.train('Ann', await sampleFaces(0, [0, 1, 2]), {
    prefer: 'respond-async',
  });
  expect(answer?.status).toBe(202);
}

function ended(exitCode: number, outcome: object): { readonly exitCode: number; readonly message: string } {
  return { exitCode, message: JSON.stringify(outcome) };
}
