import type { StoredFaceModel } from '@facehash/facemodel';
import { aStoredModel } from '@facehash/facemodel/testing';
import { seededRandom, systemClock } from '@facehash/kernel';
import { FakeClock, RecordingLogger } from '@facehash/kernel/testing';
import { aModelState } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { ApiError, type KubeClient, type KubeObject, type Resource } from '@facehash/operator-runtime';
import { whyNotHere } from '@facehash/operator-runtime/testing';
import { startApiServer } from '@facehash/test-servers';
import { dedicatedName } from './dedicated.js';
import { dedicatedTemplate } from './dedicated-template.js';
import { DedicatedWorkloads, type WorkloadsFacts } from './dedicated-workloads.js';
import { autoscalers, deployments, disruptionBudgets, services } from './owned-resources.js';
import { operated, type Operated } from './testing/operated.js';

const namespace = 'facehash';
const all = [deployments, services, disruptionBudgets, autoscalers];
const api = await operated(await startApiServer().catch(whyNotHere));
const { signal } = new AbortController();
const HALF_AN_HOUR_MS = 1_800_000;

afterAll(async () => {
  if (typeof api !== 'string') await api[Symbol.asyncDispose]();
});

describe('the workloads of a Dedicated model', () => {
  if (typeof api === 'string') it.skip(`need an API server: ${api}`, () => undefined);
  else kept(api);
});

const asWanted: WorkloadsFacts = { againMs: null, trouble: null };
const again: WorkloadsFacts = { againMs: 1000, trouble: null };
const plain = dedicatedTemplate.parse({ image: 'inference:1' });
/** The API server refuses it: more is asked for than is allowed. */
const impossible = dedicatedTemplate.parse({ image: 'inference:1', resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } });

/** One model's workloads, with a cache that has just been read anew, and every call remembered. */
class Kept {
  readonly calls: string[] = [];
  readonly messaging = openLocalMessaging({ clock: systemClock });
  cached: readonly KubeObject[] = [];
  sharedReady = true;
  dieAfter = Infinity;
  template = plain;
  /** A call that the API server answers with 403. */
  refuses = '';
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  #writes = 0;

  constructor(
    private readonly on: Operated,
    readonly storageId: string,
  ) {}

  model(serving: object): StoredFaceModel {
    return aStoredModel({ uid: this.storageId, name: this.storageId.slice(0, 20), specInput: { serving } });
  }

  async route(route: string | null): Promise<void> {
    const before = await this.messaging.models.get(this.storageId);
    await this.messaging.models.put(this.storageId, aModelState({ storageId: this.storageId, route }), before?.revision ?? null);
  }

  /** As a process that was just started, or as the one of before. */
  async ensure(serving: object, workloads?: DedicatedWorkloads): Promise<WorkloadsFacts> {
    this.calls.length = 0;
    this.#writes = 0;
    return (workloads ?? (await this.workloads())).ensure(this.model(serving), signal);
  }

  async workloads(): Promise<DedicatedWorkloads> {
    await this.see();
    return new DedicatedWorkloads({
      client: this.#client(),
      platform: { namespace, template: this.template },
      deploymentsOf: () => this.cached,
      models: this.messaging.models,
      sharedReplicaReady: () => this.sharedReady,
      clock: this.clock,
      random: seededRandom(1),
      logger: this.logger,
    });
  }

  async found(resource: Resource): Promise<readonly KubeObject[]> {
    return (await this.on.client.list(resource, { namespace, labelSelector: `facehash.dev/storage-id=${this.storageId}` })).items;
  }

  /** What the cache is told. */
  async see(): Promise<void> {
    this.cached = await this.found(deployments);
  }

  async versions(): Promise<readonly unknown[]> {
    const found = await Promise.all(all.map((resource) => this.found(resource)));
    return found.flat().map(({ metadata: { name, uid, resourceVersion } }) => ({ name, uid, resourceVersion }));
  }

  async kinds(): Promise<readonly string[]> {
    const found = await Promise.all(all.map(async (resource) => ((await this.found(resource)).length > 0 ? [resource.kind] : [])));
    return found.flat();
  }

  #client(): Pick<KubeClient, 'apply' | 'list' | 'delete'> {
    const { client } = this.on;
    const write = async <T>(call: string, work: () => Promise<T>): Promise<T> => {
      this.calls.push(call);
      if (++this.#writes > this.dieAfter) throw new Error('killed');
      if (call === this.refuses) throw new ApiError('forbidden', 'exceeded quota', { status: 403 });
      return work();
    };
    return {
      apply: (resource, ...rest) => write(`apply ${resource.kind}`, () => client.apply(resource, ...rest)),
      delete: (resource, ...rest) => write(`delete ${resource.kind}`, () => client.delete(resource, ...rest)),
      list: (resource, ...rest) => client.list(resource, ...rest),
    };
  }
}

function kept(on: Operated): void {
  const dedicated = { mode: 'Dedicated' };
  const scaled = { ...dedicated, autoscaling: { minReplicas: 2, maxReplicas: 4 } };
  beforeAll(() => on.namespace(namespace));

  it('are applied once, and cost nothing from then on', async () => {
    const model = new Kept(on, 'once-0001');
    const workloads = await model.workloads();
    expect(await model.ensure(dedicated, workloads)).toEqual(again);
    expect(await model.kinds()).toEqual(['Deployment', 'Service', 'PodDisruptionBudget']);
    await model.see();
    model.clock.advance(HALF_AN_HOUR_MS - 1);
    expect(await model.ensure(dedicated, workloads)).toEqual(asWanted);
    expect(model.calls).toEqual([]);
    const [{ metadata } = { metadata: { name: '' } }] = await model.found(deployments);
    expect(metadata.name).toBe(dedicatedName(model.model(dedicated)));
  });

  it.each([
    ['a process that was just started', 0],
    ['the same process, within an hour and a half', 3 * HALF_AN_HOUR_MS],
  ])('are made again where somebody removed or changed them, and else stay as they are: %s', async (_, afterMs) => {
    const model = new Kept(on, `back-${afterMs === 0 ? 'start' : 'later'}-0001`);
    const before = await model.workloads();
    await model.ensure(scaled, before);
    await model.see();
    const look = async (): Promise<void> => {
      model.clock.advance(afterMs);
      await model.ensure(scaled, afterMs === 0 ? await model.workloads() : before);
    };
    const versions = await model.versions();
    await look();
    expect(model.calls.length).toBeGreaterThan(0);
    expect(await model.versions()).toEqual(versions);
    const ref = { name: dedicatedName(model.model(scaled)), namespace };
    for (const resource of [services, disruptionBudgets, autoscalers]) await on.client.delete(resource, ref);
    await on.client.patch(deployments, ref, { strategy: 'merge', body: { spec: { revisionHistoryLimit: 7 } } });
    await model.see();
    await look();
    expect(await model.kinds()).toEqual(['Deployment', 'Service', 'PodDisruptionBudget', 'HorizontalPodAutoscaler']);
    expect((await model.found(deployments))[0]?.['spec']).toMatchObject({ revisionHistoryLimit: 2 });
  });

  it('follow the wish, and an autoscaler that is not wanted any more goes', async () => {
    const model = new Kept(on, 'follow-0001');
    await model.ensure(scaled);
    expect(await model.kinds()).toContain('HorizontalPodAutoscaler');
    const { name } = (await model.found(deployments))[0]?.metadata ?? { name: '' };
    await on.client.patch(deployments, { name, namespace }, { strategy: 'merge', body: { spec: { replicas: 4 } } });
    await model.ensure(scaled);
    expect((await model.found(deployments))[0]?.['spec']).toMatchObject({ replicas: 4 });
    await model.ensure({ ...scaled, autoscaling: { minReplicas: 3, maxReplicas: 8 } });
    expect((await model.found(deployments))[0]?.['spec']).toMatchObject({ replicas: 4 });
    await model.ensure({ ...dedicated, replicas: 1 });
    expect((await model.found(deployments))[0]?.['spec']).toMatchObject({ replicas: 1 });
    expect(await model.kinds()).not.toContain('HorizontalPodAutoscaler');
  });

  it('go once others answer, and not before', async () => {
    const model = new Kept(on, 'shared-0001');
    await model.ensure(dedicated);
    await model.route('http://its-own');
    expect(await model.ensure({ mode: 'Shared' })).toEqual(again);
    await model.route(null);
    model.sharedReady = false;
    expect(await model.ensure({ mode: 'Shared' })).toEqual(again);
    expect(await model.kinds()).toHaveLength(3);
    model.sharedReady = true;
    expect(await model.ensure({ mode: 'Shared' })).toEqual(asWanted);
    expect(await model.kinds()).toEqual([]);
    await model.ensure({ mode: 'Shared' });
    expect(model.calls).toEqual([]);
  });

  it('that are refused are told and not thrown, and asked for again after a while, or at once where something else is wanted', async () => {
    const model = new Kept(on, 'refused-0001');
    model.template = impossible;
    const workloads = await model.workloads();
    const refused = await model.ensure(dedicated, workloads);
    expect(refused.trouble).toMatchObject({ reason: 'DedicatedRefused' });
    expect(refused.trouble?.message).toMatch(
      /^pods of its own are refused: PATCH .* was answered with 422: .*must be less than or equal to cpu/,
    );
    expect(refused.againMs).toBeGreaterThanOrEqual(30_000);
    expect(refused.againMs).toBeLessThanOrEqual(90_000);
    model.clock.advance(10_000);
    expect(await model.ensure(dedicated, workloads)).toEqual({ ...refused, againMs: Number(refused.againMs) - 10_000 });
    expect(model.calls).toEqual([]);
    expect((await model.ensure({ ...dedicated, replicas: 1 }, workloads)).trouble).not.toBeNull();
    expect(model.calls).toEqual(['apply Deployment']);
    model.clock.advance(90_000);
    await model.ensure({ ...dedicated, replicas: 1 }, workloads);
    expect(model.calls).toEqual(['apply Deployment']);
    expect(await model.ensure({ mode: 'Shared' }, workloads)).toEqual(asWanted);
  });

  it('are not gone by as long as a part of them is refused: those of all answer until the rest is there', async () => {
    const model = new Kept(on, 'partly-0001');
    const workloads = await model.workloads();
    expect(workloads.lacking(model.storageId)).toBe(false);
    model.refuses = 'apply Service';
    expect((await model.ensure(dedicated, workloads)).trouble).toMatchObject({ reason: 'DedicatedRefused' });
    await model.see();
    expect(await model.kinds()).toEqual(['Deployment']);
    expect([workloads.whole(model.storageId), workloads.lacking(model.storageId)]).toEqual([false, true]);
    model.refuses = '';
    model.clock.advance(90_000);
    expect(await model.ensure(dedicated, workloads)).toEqual(again);
    await model.see();
    expect([workloads.whole(model.storageId), workloads.lacking(model.storageId)]).toEqual([true, false]);
    // A change that is refused leaves what is there.
    model.refuses = 'apply Service';
    expect((await model.ensure({ ...dedicated, replicas: 1 }, workloads)).trouble).not.toBeNull();
    expect([workloads.whole(model.storageId), workloads.lacking(model.storageId)]).toEqual([true, false]);
  });

  it('are found and gone by their labels when the model is deleted, and nobody else’s are', async () => {
    const [one, two] = [new Kept(on, 'gone-0001'), new Kept(on, 'gone-0002')];
    await one.ensure(scaled);
    await two.ensure(scaled);
    const foreign = { name: 'foreign', namespace, labels: { 'facehash.dev/storage-id': 'gone-0001' } };
    await on.client.create(services, { metadata: foreign, spec: { ports: [{ port: 80 }] } });
    const workloads = await one.workloads();
    expect(await workloads.present('gone-0001', signal)).toBe(true);
    await workloads.remove('gone-0001', signal);
    expect(await workloads.present('gone-0001', signal)).toBe(false);
    expect(await one.kinds()).toEqual(['Service']);
    expect(await two.kinds()).toHaveLength(4);
  });

  it('are whole in the end wherever the process died, and never without the Deployment by which they are found', async () => {
    const whole = ['Deployment', 'Service', 'PodDisruptionBudget', 'HorizontalPodAutoscaler'];
    for (let after = 0; after < 5; after++) {
      const model = new Kept(on, `killed-000${after}`);
      model.dieAfter = after;
      await model.ensure(scaled).catch(() => undefined);
      const kinds = await model.kinds();
      if (kinds.length > 0) expect(kinds).toContain('Deployment');
      model.dieAfter = Infinity;
      await model.ensure(scaled);
      expect(await model.kinds()).toEqual(whole);
      model.dieAfter = after;
      await model.ensure({ mode: 'Shared' }).catch(() => undefined);
      const left = await model.kinds();
      if (left.length > 0) expect(left).toContain('Deployment');
      model.dieAfter = Infinity;
      await model.ensure({ mode: 'Shared' });
      expect(await model.kinds()).toEqual([]);
    }
  });
}
