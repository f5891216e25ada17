import { eventually } from '@facehash/testing';
import type { Client } from '../support/client.js';
import { OperatorStage } from '../support/operator-stage.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';
import { serversOrReason } from '../support/servers.js';

const binaries = await serversOrReason([
  'kube-apiserver',
  'kube-controller-manager',
  'kubectl',
  'etcd',
  'minio',
  'nats-server',
  'ferretdb',
]);

describe('a FaceModel in a cluster, from its first apply to its last trace', () => {
  if (typeof binaries === 'string') it.skip(`is not tested: ${binaries}`, () => undefined);
  else story();
});

function story(): void {
  let stage: OperatorStage;
  let first: Client;
  let second: Client;
  /** The gate refuses the next run. */
  let refuseNext = false;
  const versions: (string | undefined)[] = [];

  beforeAll(async () => {
    stage = await OperatorStage.start({
      instead: () => {
        if (!refuseNext) return undefined;
        refuseNext = false;
        const message = 'people are told apart significantly worse';
        return { exitCode: 3, message: JSON.stringify({ outcome: 'refused', code: 'VERSION_REFUSED', message }) };
      },
    });
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  const field = async (path: string): Promise<string> => stage.kubectl('get', 'fm', 'front-door', '-o', `jsonpath={${path}}`);

  it('gets a key in a Secret of its own type, and says that nobody is enrolled', async () => {
    await stage.apply({
      apiVersion: 'facehash.dev/v1alpha1',
      kind: 'FaceModel',
      metadata: { name: 'front-door', namespace: 'default' },
      spec: { displayName: 'Front door' },
    });
    await stage.kubectl('wait', 'fm/front-door', '--for=jsonpath={.status.phase}=Empty', '--timeout=30s');
    expect(await stage.kubectl('get', 'secret', 'front-door-api-key', '-o', 'jsonpath={.type}')).toBe('facehash.dev/api-key');
    const apiKey = await stage.apiKey('front-door');
    expect(apiKey).toMatch(/^fhk_/);
    const [a, b] = stage.stores.clients(apiKey);
    if (!a || !b) throw new Error('two replicas were asked for');
    [first, second] = [a, b];
    await eventually(async () => (await first.call('GET', '/v1/model')).status === 200);
    expect((await first.recognize(await sampleFace(0, 9))).body).toMatchObject({ foundFlag: 0, code: 'MODEL_NOT_READY' });
  });

  it('is trained by a Job when somebody is enrolled over HTTP, and every replica takes the version over', async () => {
    const { status, body } = await first.train('Ann', await sampleFaces(0, [0, 1, 2, 3]));
    expect({ status, body }).toMatchObject({ status: 200, body: { trainingSuccess: 1, accepted: 4 } });
    versions.push(body.version);
    await stage.kubectl('wait', 'fm/front-door', '--for=condition=Ready', '--timeout=30s');
    await stage.kubectl('wait', 'fm/front-door', '--for=condition=RolledOut', '--timeout=30s');
    for (const client of [first, second]) {
      expect((await client.recognize(await sampleFace(0, 9))).body).toMatchObject({ foundFace: 'Ann', version: body.version });
      expect((await client.recognize(await sampleFace(4, 9))).body).toMatchObject({ foundFlag: 0, foundFace: null });
    }
    // What a person reads.
    expect(await stage.kubectl('get', 'fm')).toMatch(/front-door\s+Ready\s+1\s+4\s+v-/);
    // Events are written behind the work that they tell of.
    const told = ['TrainingStarted', 'RolloutStarted', 'VersionPromoted'];
    await eventually(async () => {
      const described = await stage.kubectl('describe', 'fm', 'front-door');
      return told.every((reason) => described.includes(reason));
    });
    // Its outcome is written down, so the Job is gone.
    await eventually(async () => (await stage.kubectl('get', 'jobs,pods', '-n', 'facehash', '-o', 'name')) === '');
  });

  it('keeps answering by what it has when the gate refuses a version, and says why', async () => {
    refuseNext = true;
    const { status, body } = await second.train('Mallory', await sampleFaces(5, [0, 1, 2]));
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'VERSION_REFUSED' });
    await stage.kubectl('wait', 'fm/front-door', '--for=condition=Stalled', '--timeout=30s');
    expect(await field('.status.conditions[?(@.type=="Stalled")].reason')).toBe('GateRefused');
    expect((await first.recognize(await sampleFace(0, 9))).body).toMatchObject({ foundFace: 'Ann', version: versions[0] });
  });

  it('goes on with the next photos, and back to an older version by a pin', async () => {
    const { body } = await first.train('Ben', await sampleFaces(3, [0, 1, 2]));
    expect(body.trainingSuccess).toBe(1);
    versions.push(body.version);
    await eventually(async () => (await second.recognize(await sampleFace(3, 9))).body.foundFace === 'Ben');
    await stage.kubectl('patch', 'fm', 'front-door', '--type=merge', '-p', JSON.stringify({ spec: { versions: { pin: versions[0] } } }));
    await eventually(async () => (await field('.status.activeVersion.name')) === versions[0]);
    for (const client of [first, second]) {
      await eventually(async () => (await client.recognize(await sampleFace(0, 9))).body.version === versions[0]);
      expect((await client.recognize(await sampleFace(3, 9))).body.foundFace).toBeNull();
    }
    await stage.kubectl('patch', 'fm', 'front-door', '--type=merge', '-p', JSON.stringify({ spec: { versions: { pin: null } } }));
    await eventually(async () => (await field('.status.activeVersion.name')) === versions[1]);
  });

  it('takes another key, and the old one stays valid for the grace period', async () => {
    const old = await stage.apiKey('front-door');
    await stage.kubectl('annotate', 'fm', 'front-door', 'facehash.dev/rotate-api-key=1');
    await eventually(async () => (await stage.apiKey('front-door')) !== old);
    const [renewed] = stage.stores.clients(await stage.apiKey('front-door'));
    await eventually(async () => (await renewed?.call('GET', '/v1/model'))?.status === 200);
    expect((await first.call('GET', '/v1/model')).status).toBe(200);
  });

  it('erases a person, with a receipt', async () => {
    const { body: page } = await first.call('GET', '/v1/people?limit=100');
    const ben = (page['items'] as { id: string; name: string }[]).find(({ name }) => name === 'Ben');
    expect((await first.call('DELETE', `/v1/people/${ben?.id ?? ''}`)).status).toBe(202);
    expect((await second.recognize(await sampleFace(3, 9))).body.foundFace).toBeNull();
    await eventually(async () => (await first.call('GET', `/v1/erasures/${ben?.id ?? ''}`)).body['completedAt'] !== null, {
      withinMs: 60_000,
    });
  });

  it('is told to Prometheus: by the operator what became of it, by a replica what was found', async () => {
    const [operator] = stage.operators;
    if (!operator) throw new Error('one operator was asked for');
    const text = await stage.metricsOf(operator);
    for (const line of [
      /^facehash_models\{phase="Ready"\} 1$/m,
      /^facehash_training_run_duration_seconds_count\{outcome="refused"\} 1$/m,
      /^facehash_training_failures_total\{code="VERSION_REFUSED"\} 1$/m,
      /^facehash_training_run_duration_seconds_count\{outcome="trained"\} [3-9]$/m,
      /^facehash_version_changes_total\{change="promoted"\} [4-9]$/m,
      /^facehash_store_reachable\{store="s3"\} 1$/m,
    ])
      expect(text).toMatch(line);
    const { healthUrl } = stage.stores.replica(0);
    const ofReplica = await (await fetch(`${healthUrl}/metrics`, { signal: AbortSignal.timeout(10_000) })).text();
    for (const line of [
      /^facehash_recognitions_total\{outcome="known"\} [1-9]/m,
      /^facehash_recognitions_total\{outcome="unknown"\} [1-9]/m,
      /^facehash_readiness\{condition="directory"\} 1$/m,
      /^facehash_store_reachable\{store="mongodb"\} 1$/m,
      /^facehash_erasures_open\{state="erasing"\} 0$/m,
    ])
      expect(ofReplica).toMatch(line);
  });

  it('leaves nothing behind when it is deleted', async () => {
    const storageId = await field('.status.storageId');
    await stage.kubectl('delete', 'fm', 'front-door', '--timeout=60s');
    await eventually(async () => (await first.call('GET', '/v1/model')).status === 401);
    await eventually(async () => (await stage.kubectl('get', 'secrets', '-o', 'name')) === '');
    expect(await stage.kubectl('get', 'jobs,pods,secrets', '-n', 'facehash', '-o', 'name')).toBe('');
    expect(await stage.stores.objectsOf(storageId)).toEqual([]);
  });
}
