import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  decodeDocument,
  latestPointerSchema,
  layout,
  runOutcomeSchema,
  samplesDigest,
  snapshotSchema,
  versionName,
  type RunSpec,
} from '@facehash/artifacts';
import { newApiKey } from '@facehash/facemodel';
import { systemRandom } from '@facehash/kernel';
import type { Cluster } from '@facehash/local-cluster';
import { eventually } from '@facehash/testing';
import { builtIn } from '@facehash/vision-core';
import { IN_CLUSTER, noClusterHere, TestCluster, through, type Kubectl } from '../support/cluster.js';
import { deployment, host, namespace, trainingJob } from '../support/deployed.js';
import { imageOf, noImages } from '../support/images.js';
import { largePhotos, newcomer, persons, type Person } from '../support/photos.js';

const reason = noImages ?? (await noClusterHere());
const BODY_BYTES = 30 * 1024 ** 2;

describe('the images in a cluster', () => {
  if (reason === undefined) aDeployment();
  else it.skip(`are not tested: ${reason}`, () => undefined);
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

function aDeployment(): void {
  const apiKey = newApiKey(systemRandom);
  let here: TestCluster;
  let cluster: Cluster;
  let kubectl: Kubectl;
  let people: readonly Person[];

  const call = async (path: string, body?: Buffer | object): Promise<Answer> => {
    const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const headers = { 'x-api-key': apiKey, ...(Buffer.isBuffer(body) ? {} : { 'content-type': 'application/json' }) };
    const { status, text } = await through({ ingressUrl: cluster.ingressUrl, host, path }, bytes, headers);
    return { status, body: status === 404 ? {} : JSON.parse(text) };
  };
  const named = async (photo: Buffer): Promise<unknown> => (await call('/', photo)).body['foundFace'];
  const active = async (): Promise<string> => ((await call('/v1/model')).body['active'] as { name: string }).name;
  /** An object of the store, as the pod sees it. */
  const stored = async (key: string): Promise<Buffer> =>
    Buffer.from(await kubectl.run('exec', 'deployment/inference', '--namespace', namespace, '--', 'cat', `/data/objects/${key}`));

  beforeAll(async () => {
    const [inference, trainer] = [imageOf('inference'), imageOf('trainer')];
    here = await TestCluster.start();
    ({ cluster, kubectl } = here);
    await cluster.load([inference.archive, trainer.archive]);
    people = await persons(3, 5);
    await kubectl.apply(...deployment(inference.reference, apiKey));
    await kubectl.run('rollout', 'status', 'deployment/inference', '--namespace', namespace, '--timeout=80s');
  });

  afterAll(() => here[Symbol.asyncDispose]());

  it('answers through the ingress as soon as its pod is ready', async () => {
    const model = await eventually(
      () => call('/v1/model'),
      ({ status }) => status === 200,
      IN_CLUSTER,
    );
    expect(model.body).toMatchObject({ phase: 'Empty', people: 0 });
  });

  it('takes a /train of 30 MB with the key in its path, and names the person of it', async () => {
    const [first, ...others] = people;
    const large = await largePhotos(first?.enrolled ?? [], (BODY_BYTES * 3) / 4);
    const answers = [await train(first, large)];
    for (const other of others) answers.push(await train(other, other.enrolled));
    expect(answers.map(({ body }) => body['trainingSuccess'])).toEqual([1, 1, 1]);
    for (const person of people) expect(await named(photoOf(person))).toBe(person.name);
    expect(await named((await newcomer(0, 1)).photos[0] ?? Buffer.alloc(0))).not.toEqual(expect.any(String));

    const log = await readFile(join(cluster.logDir, 'traefik.log'), 'utf8');
    const sizes = [...log.matchAll(/"RequestContentSize":(\d+)/g)].map(([, size]) => Number(size));
    expect(Math.max(...sizes)).toBeGreaterThan(BODY_BYTES * 0.9);
    expect(log).not.toContain(apiKey);
    expect(await kubectl.run('logs', 'deployment/inference', '--namespace', namespace)).not.toContain(apiKey);
  });

  it('answers by a version that a Job with a GPU of its own trained', async () => {
    const { storageId } = (await call('/v1/model')).body as { storageId: string };
    const run = await runOf(storageId);
    await kubectl.apply(trainingJob(imageOf('trainer').reference, 'training', run));
    const message = 'jsonpath={.items[*].status.containerStatuses[0].state.terminated.message}';
    const ofJob = ['get', 'pods', '--namespace', namespace, '--selector', 'job-name=training', '--output', message];
    const said = await eventually(
      () => kubectl.run(...ofJob),
      (text) => text !== '',
      IN_CLUSTER,
    );
    expect(runOutcomeSchema.parse(JSON.parse(said))).toEqual({ outcome: 'trained', version: run.version });

    expect(run.version).not.toBe(run.activeVersion);
    expect((await call(`/v1/versions/${run.version}/activate`, {})).status).toBeLessThan(300);
    await eventually(active, (version) => version === run.version, IN_CLUSTER);
    for (const person of people) {
      expect((await call('/', photoOf(person))).body).toMatchObject({ foundFace: person.name, version: run.version });
    }
  });

  it('is there again after its pod was replaced, with everything that it had', async () => {
    const before = (await call('/v1/model')).body['active'];
    await kubectl.run('rollout', 'restart', 'deployment/inference', '--namespace', namespace);
    await kubectl.run('rollout', 'status', 'deployment/inference', '--namespace', namespace, '--timeout=80s');
    const model = await eventually(
      () => call('/v1/model'),
      ({ status }) => status === 200,
      IN_CLUSTER,
    );
    expect(model.body['active']).toEqual(before);
    for (const person of people) expect(await named(photoOf(person))).toBe(person.name);
  });

  async function train(person: Person | undefined, photos: readonly Buffer[]): Promise<Answer> {
    const body = { username: person?.name, images: photos.map((photo) => photo.toString('base64')) };
    const { status, text } = await through(
      { ingressUrl: cluster.ingressUrl, host, path: `/${apiKey}/train` },
      Buffer.from(JSON.stringify(body)),
      {
        'content-type': 'application/json',
      },
    );
    return { status, body: JSON.parse(text) };
  }

  /** The newest snapshot again, with another seed: another version of the same people. */
  async function runOf(storageId: string): Promise<RunSpec> {
    const { counter } = decodeDocument(latestPointerSchema, await stored(layout.latestSamples(storageId)), 'latest');
    const snapshot = decodeDocument(snapshotSchema, await stored(layout.samples(storageId, counter)), 'snapshot');
    const inputs = {
      hyperparameters: { hiddenUnits: [64], epochs: 20, batchSize: 32, learningRate: 0.001, dropout: 0.2, l2: 0.0001, seed: 2 },
      pipeline: builtIn.id,
      quarantined: [],
    };
    return {
      v: 1,
      run: 'in-a-job',
      storageId,
      snapshot: counter,
      version: versionName({ ...inputs, samplesDigest: samplesDigest(snapshot) }),
      ...inputs,
      accelerator: null,
      falseAcceptTarget: 0.01,
      gateMode: 'Enforce',
      activeVersion: await active(),
      deadlineSeconds: 300,
    };
  }
}

/** One that was not enrolled. */
function photoOf({ name, others: [photo] }: Person): Buffer {
  if (photo === undefined) throw new Error(`no other photo of ${name}`);
  return photo;
}
