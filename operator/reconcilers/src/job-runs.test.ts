import { setTimeout as sleep } from 'node:timers/promises';
import { startApiServer, type ApiServer } from '@facehash/test-servers';
import { FaceHashError } from '@facehash/kernel';
import { tcpProxy, untilItPasses } from '@facehash/testing';
import { whyNotHere } from '@facehash/operator-runtime/testing';
import { aGpu, anOrder, aRunSpec, someSettings } from './testing/runs.js';
import { killedAtCall, secrets, Trainers, type TrainersParts } from './testing/trainers.js';
import { trainingJob } from './training-job.js';
import { jobs, pods } from './training-jobs.js';

const server = await startApiServer({ controllerManager: true }).catch(whyNotHere);
const never = new AbortController().signal;

afterAll(async () => {
  if (typeof server !== 'string') await server.stop();
});

describe('runs in Jobs', () => {
  if (typeof server === 'string') it.skip(`have no API server here: ${server}`, () => undefined);
  else onApiServer(server);
});

const spec = aRunSpec({ storageId: 'a-model-of-a-test' });
const refusal = JSON.stringify({ outcome: 'refused', code: 'VERSION_REFUSED', message: 'loses 9 photos' });
const unschedulable = {
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/0 nodes are available' }],
};

function onApiServer({ kubeconfig, url }: ApiServer): void {
  const trainers = (parts?: TrainersParts): Promise<Trainers> => Trainers.start(kubeconfig, parts);
  const leavesNothing = (operator: Trainers): Promise<void> =>
    untilItPasses(async () => {
      for (const resource of [jobs, pods, secrets]) expect(await operator.names(resource)).toEqual([]);
    });

  it('get a pod with credentials, are seen to end, and leave nothing once that is written down', async () => {
    await using operator = await trainers();
    await operator.runs.start(spec);
    expect(operator.runs.runs()).toMatchObject([{ spec, parked: false }]);
    expect(operator.runs.load()).toEqual([{ storageId: spec.storageId, parked: false }]);
    const pod = await operator.pod(spec.run);
    expect(await operator.names(secrets)).toEqual([operator.runs.runs()[0]?.jobName]);
    await operator.exit(pod, 3, { message: refusal });
    await untilItPasses(() => expect(operator.runs.runs()[0]?.outcome).toMatchObject({ outcome: 'refused', message: 'loses 9 photos' }));
    expect(operator.changed).toContain(spec.storageId);
    await operator.runs.forget(spec.run);
    expect(operator.runs.runs()).toEqual([]);
    await leavesNothing(operator);
  });

  it('are as far as they say, while their pod runs', async () => {
    const progress = { type: 'progress' as const, stage: 'Fitting' as const, percent: 80 };
    await using operator = await trainers({ progressOf: ({ run }) => (run === spec.run ? progress : undefined) });
    await operator.runs.start(spec);
    const pod = await operator.pod(spec.run);
    expect(operator.runs.runs()[0]?.progress).toBeUndefined();
    await operator.say(pod, { phase: 'Running', startTime: new Date().toISOString() });
    await untilItPasses(() => expect(operator.runs.runs()[0]?.progress).toEqual(progress));
    await operator.exit(pod, 0);
    await untilItPasses(() => expect(operator.runs.runs()[0]?.outcome).toBeDefined());
    expect(operator.runs.runs()[0]?.progress).toBeUndefined();
  });

  it('are what a Job says that is Complete', async () => {
    await using operator = await trainers();
    await operator.runs.start(spec);
    await operator.exit(await operator.pod(spec.run), 0);
    await untilItPasses(() => expect(operator.runs.runs()[0]?.outcome).toEqual({ outcome: 'trained', version: spec.version }));
    await untilItPasses(() => expect(operator.runs.load()).toEqual([]));
  });

  it('are started once, however often and by whomever they are asked for', async () => {
    await using operator = await trainers();
    await using another = await trainers();
    await Promise.all([operator.runs.start(spec), another.runs.start(spec)]);
    await operator.runs.start(spec);
    expect(await operator.names(jobs)).toHaveLength(1);
    await operator.pod(spec.run);
  });

  it('that are cancelled are gone, with pod and credentials, when that resolves', async () => {
    await using operator = await trainers();
    await operator.runs.start(spec);
    await operator.pod(spec.run);
    await operator.runs.cancel(spec.run);
    expect(operator.runs.runs()).toEqual([]);
    expect([...(await operator.names(jobs)), ...(await operator.names(pods))]).toEqual([]);
    await leavesNothing(operator);
  });

  it.each([1, 2, 3, 4])('are one, and whole, after a start that was killed at call %d and a new operator', async (call) => {
    const killed = await trainers({ calls: killedAtCall(call) });
    await expect(killed.runs.start(spec)).rejects.toThrow();
    await killed.crash();
    await using operator = await trainers();
    // As a pass does: what is there is looked after, and only what is not there is started.
    await operator.runs.tend(spec.storageId, never);
    if (operator.runs.runs().length === 0) await operator.runs.start(spec);
    await operator.pod(spec.run);
    expect(await operator.names(jobs)).toHaveLength(1);
    expect(await operator.names(secrets)).toHaveLength(1);
    await operator.runs.cancel(spec.run);
    await leavesNothing(operator);
  });

  it('are one, and whole, whenever the connection breaks', async () => {
    await using proxy = await tcpProxy({ port: Number(new URL(url).port) });
    await using operator = await trainers({ at: { port: proxy.port } });
    for (const breakAfterMs of [1, 5, 10, 15, 20, 30]) {
      const started = operator.runs.start(spec).catch(() => undefined);
      await sleep(breakAfterMs);
      proxy.resetAll();
      await started;
      // As passes do, one after another.
      await untilItPasses(async () => {
        await operator.runs.tend(spec.storageId, never);
        if (operator.runs.runs().length === 0) await operator.runs.start(spec);
        expect(await operator.pod(spec.run)).toBeDefined();
      });
      expect(await operator.names(jobs)).toHaveLength(1);
      await untilItPasses(() => operator.runs.cancel(spec.run));
    }
    await leavesNothing(operator);
  });

  it('that a model has two of, which only an operator that was taken for dead can make, come down to one', async () => {
    await using operator = await trainers();
    await operator.runs.start(spec);
    await operator.pod(spec.run);
    const order = anOrder({ spec: { ...spec, run: 'v-late-g1-a1' } });
    await operator.client.create(jobs, trainingJob(order, someSettings));
    await untilItPasses(() => expect(operator.runs.runs()).toHaveLength(2));
    await operator.runs.tend(spec.storageId, never);
    expect(await operator.names(jobs)).toEqual(operator.runs.runs().map(({ jobName }) => jobName));
    expect(operator.runs.runs()).toHaveLength(1);
  });

  it('wait for another Job of their model to be over', async () => {
    await using operator = await trainers();
    await operator.runs.start(spec);
    await using later = await trainers();
    await expect(later.runs.start({ ...spec, run: 'v-0123456789ab-g2-a1' })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await operator.names(jobs)).toHaveLength(1);
  });

  it('whose pod had to make room get another one', async () => {
    await using operator = await trainers();
    await operator.runs.start(spec);
    const first = await operator.pod(spec.run);
    await operator.exit(first, 143, { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] });
    const second = await operator.pod(spec.run);
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    expect(operator.runs.runs()[0]?.outcome).toBeUndefined();
    await operator.exit(second, 0);
    await untilItPasses(() => expect(operator.runs.runs()[0]?.outcome).toMatchObject({ outcome: 'trained' }));
  });

  it('do without an accelerator that no node has room for, in a second Job after the first is gone', async () => {
    await using operator = await trainers();
    const wish = { ...spec, accelerator: aGpu };
    await operator.runs.start(wish);
    const first = await operator.pod(spec.run);
    expect(first).toMatchObject({ spec: { containers: [{ resources: { limits: { 'nvidia.com/gpu': '1' } } }] } });
    await operator.say(first, unschedulable);
    await untilItPasses(() => expect(operator.runs.runs()[0]?.waitingFor).toContain('no node has room for 1 nvidia.com/gpu'));
    expect(await operator.runs.tend(spec.storageId, never)).toBeGreaterThan(100_000);
    operator.aheadMs = 121_000;
    await operator.runs.tend(spec.storageId, never);
    const second = await operator.pod(spec.run);
    expect(JSON.stringify(second)).toContain('"name":"FACEHASH_TENSORFLOW_DEVICE","value":"cpu"');
    expect(JSON.stringify(second['spec'])).not.toContain('nvidia.com/gpu":');
    expect(operator.runs.runs()).toMatchObject([{ spec: wish }]);
    expect(await operator.names(jobs)).toHaveLength(1);
  });

  it('stay where they are while they wait for an accelerator that they must have', async () => {
    await using operator = await trainers();
    await operator.runs.start({ ...spec, accelerator: { ...aGpu, onUnavailable: 'Wait' } });
    await operator.say(await operator.pod(spec.run), unschedulable);
    operator.aheadMs = 9_000_000;
    await untilItPasses(() => expect(operator.runs.load()).toEqual([{ storageId: spec.storageId, parked: true }]));
    expect(await operator.runs.tend(spec.storageId, never)).toBeNull();
    expect(operator.runs.runs()[0]?.outcome).toBeUndefined();
  });

  it('do without an accelerator at once where no node has it', async () => {
    await using operator = await trainers({ offersAccelerator: () => false });
    await operator.runs.start({ ...spec, accelerator: aGpu });
    expect(JSON.stringify(await operator.pod(spec.run))).not.toContain('nvidia.com/gpu":');
  });

  it('have their credentials ready when the queue admits them, which alone lets them go', async () => {
    await using operator = await trainers({ specInput: { training: { profile: 'queued' } } });
    await operator.runs.start(spec);
    await untilItPasses(() => expect(operator.runs.runs()[0]?.waitingFor).toBe('the queue training has not admitted it yet'));
    expect(await operator.names(pods)).toEqual([]);
    const [name = ''] = await operator.names(secrets);
    await operator.client.patch(jobs, { name, namespace: 'facehash' }, { strategy: 'merge', body: { spec: { suspend: false } } });
    await operator.pod(spec.run);
  });

  it('get newer credentials while they have not begun, and not again and again', async () => {
    let asked = 0;
    const credentialsFor = () =>
      Promise.resolve({ accessKeyId: `id-${++asked}`, secretAccessKey: 'secret', expiresAt: new Date(Date.now() + 2_000_000) });
    await using operator = await trainers({ credentialsFor, specInput: { training: { startDeadlineSeconds: 3600 } } });
    await operator.runs.start(spec);
    await operator.pod(spec.run);
    await operator.runs.tend(spec.storageId, never);
    expect(asked).toBe(1);
    operator.aheadMs = 301_000;
    const [name = ''] = await operator.names(secrets);
    await operator.runs.tend(spec.storageId, never);
    await operator.runs.tend(spec.storageId, never);
    expect(asked).toBe(2);
    expect(await operator.client.get(secrets, { name, namespace: 'facehash' })).toMatchObject({ data: { 'access-key-id': btoa('id-2') } });
  });

  it('whose profile nobody wrote are none', async () => {
    await using operator = await trainers({ specInput: { training: { profile: 'missing' } } });
    await expect(operator.runs.start(spec)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(operator.runs.runs()).toEqual([]);
    expect(await operator.names(jobs)).toEqual([]);
  });

  it('that Kubernetes refuses have an outcome that says so', async () => {
    await using operator = await trainers({ specInput: { training: { profile: 'refused' } } });
    await operator.runs.start(spec);
    const message: unknown = expect.stringContaining('its Job was refused');
    const outcome = { outcome: 'failed', code: 'RUN_NOT_STARTED', retryable: true, message };
    expect(operator.runs.runs()).toMatchObject([{ spec, jobName: null, outcome }]);
    await operator.runs.forget(spec.run);
    expect(operator.runs.runs()).toEqual([]);
    expect(await operator.names(jobs)).toEqual([]);
  });

  it('that nobody gives credentials have an outcome that says why, and no Job', async () => {
    const credentialsFor = () => Promise.reject(new FaceHashError('RUN_NOT_STARTED', { why: 'STS refused: AccessDenied' }));
    await using operator = await trainers({ credentialsFor });
    await operator.runs.start(spec);
    const message = 'it gets no credentials for the store: STS refused: AccessDenied';
    expect(operator.runs.runs()).toMatchObject([{ spec, jobName: null, outcome: { code: 'RUN_NOT_STARTED', retryable: true, message } }]);
    expect(await operator.names(jobs)).toEqual([]);
  });

  it('that have not begun keep the credentials that they have where there are no newer ones', async () => {
    let asked = 0;
    const given = { accessKeyId: 'id', secretAccessKey: 'secret', expiresAt: new Date(Date.now() + 2_000_000) };
    const credentialsFor = () =>
      asked++ === 0 ? Promise.resolve(given) : Promise.reject(new FaceHashError('RUN_NOT_STARTED', { why: 'STS refused: AccessDenied' }));
    await using operator = await trainers({ credentialsFor, specInput: { training: { startDeadlineSeconds: 3600 } } });
    await operator.runs.start(spec);
    await operator.pod(spec.run);
    operator.aheadMs = 301_000;
    await operator.runs.tend(spec.storageId, never);
    await operator.runs.tend(spec.storageId, never);
    expect(asked).toBe(2);
    expect(operator.runs.runs()[0]?.outcome).toBeUndefined();
    const [name = ''] = await operator.names(secrets);
    expect(await operator.client.get(secrets, { name, namespace: 'facehash' })).toMatchObject({ data: { 'access-key-id': btoa('id') } });
  });

  it('begin only where there is a place', async () => {
    await using operator = await trainers({ admit: () => false });
    await expect(operator.runs.start(spec)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await operator.names(jobs)).toEqual([]);
  });

  it('of models that are gone are found by their label and removed, and no others', async () => {
    await using operator = await trainers();
    await operator.runs.start(spec);
    const other = { ...spec, storageId: 'another-model', run: 'v-other-g1-a1' };
    await operator.runs.start(other);
    const known = new Set([spec.storageId]);
    expect(operator.runs.orphans(known)).toHaveLength(1);
    await operator.runs.removeOrphans(known, never);
    expect(operator.runs.runs().map((run) => run.spec.storageId)).toEqual([spec.storageId]);
    await untilItPasses(async () => expect(await operator.names(jobs)).toHaveLength(1));
  });
}
