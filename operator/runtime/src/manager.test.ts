import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom, silentLogger } from '@facehash/kernel';
import { startApiServer, type ApiServer } from '@facehash/test-servers';
import { tcpProxy, untilItPasses } from '@facehash/testing';
import { Controller, type Reconcile } from './controller.js';
import { KubeClient } from './kube-client.js';
import { LeaderElection } from './leader-election.js';
import { Manager, type ManagerOptions } from './manager.js';
import { settled } from './outcome.js';
import type { KubeObject } from './raw-object.js';
import { leases } from './resource.js';
import { systemRuntimeClock } from './runtime-clock.js';
import { configMaps, kubeConfigAt, whyNotHere } from './testing/real-api.js';
import { RecordingMetrics } from './testing/recording-metrics.js';
import { Watched } from './watched.js';

const server = await startApiServer().catch(whyNotHere);

afterAll(async () => {
  if (typeof server !== 'string') await server.stop();
});

describe('a small operator', () => {
  if (typeof server === 'string') it.skip(`has no API server here: ${server}`, () => undefined);
  else operators(server);
});

interface OperatorOptions extends Partial<Pick<ManagerOptions, 'graceMs' | 'background'>> {
  readonly identity?: string;
  readonly port?: number;
  readonly reconcile?: Reconcile;
}

/** An operator that marks every ConfigMap with a label of its own as seen. */
class Operator implements AsyncDisposable {
  readonly metrics = new RecordingMetrics();
  readonly looks: string[] = [];
  readonly manager: Manager;
  readonly election: LeaderElection;
  readonly watched: Watched;
  readonly #client: KubeClient;
  lost = 0;

  constructor(api: ApiServer, name: string, { identity = 'one', port, reconcile, ...rest }: OperatorOptions = {}) {
    const shared = { clock: systemRuntimeClock, random: seededRandom(1), logger: silentLogger, metrics: this.metrics };
    const kubeConfig = kubeConfigAt(api.kubeconfig, port === undefined ? {} : { port });
    const client = new KubeClient({ kubeConfig, fieldManager: 'test', metrics: this.metrics });
    const watched = new Watched({ client, resource: configMaps, labelSelector: `test=${name}`, transform: (object) => object, ...shared });
    const mark: Reconcile = async (key, signal) => {
      const seen = watched.get(key);
      if (seen === undefined || seen.metadata.annotations?.['seen'] !== undefined) return settled;
      await client.patch(configMaps, seen.metadata, { strategy: 'merge', body: { metadata: { annotations: { seen: identity } } } }, signal);
      return settled;
    };
    const noted: Reconcile = (key, signal) => {
      this.looks.push(key);
      return (reconcile ?? mark)(key, signal);
    };
    const controller = new Controller({ name, reconcile: noted, ...shared }).follows(watched);
    const times = { leaseDurationMs: 2_000, renewDeadlineMs: 1_200, retryPeriodMs: 200 };
    this.election = new LeaderElection({ client, namespace: 'default', name, identity, ...times, ...shared });
    this.manager = new Manager({
      ...{ caches: [watched], controllers: [controller], election: this.election, onLost: () => (this.lost += 1) },
      ...{ graceMs: 500, ...shared, ...rest },
    });
    [this.#client, this.watched] = [client, watched];
    this.manager.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager.stop();
    await this.#client.close();
  }
}

function operators(api: ApiServer): void {
  const client = new KubeClient({ kubeConfig: kubeConfigAt(api.kubeconfig), fieldManager: 'user' });
  afterAll(() => client.close());
  const put = (test: string, name: string): Promise<KubeObject> =>
    client.apply(configMaps, { metadata: { name, namespace: 'default', labels: { test } } });
  const seenBy = (name: string, identity: string): Promise<void> =>
    untilItPasses(async () => {
      const object = await client.get(configMaps, { name, namespace: 'default' });
      expect(object?.metadata.annotations?.['seen']).toBe(identity);
    });

  it('does what is to be done, of before it came and of after', async () => {
    await put('works', 'works-1');
    await using operator = new Operator(api, 'works');
    await seenBy('works-1', 'one');
    await put('works', 'works-2');
    await seenBy('works-2', 'one');
    expect([operator.manager.liveness(), operator.manager.readiness()]).toEqual([
      { ok: true, reasons: [] },
      { ok: true, reasons: [] },
    ]);
    expect(operator.metrics.counted('controller_runtime_reconcile_total', { controller: 'works', result: 'success' })).toBeGreaterThan(1);
  });

  it('stands by with its caches filled, and works as soon as the leader goes', async () => {
    const first = new Operator(api, 'standby');
    await untilItPasses(() => expect(first.manager.leads).toBe(true));
    await using second = new Operator(api, 'standby', { identity: 'two' });
    await untilItPasses(() => expect(second.manager.readiness().ok).toBe(true));
    await put('standby', 'standby-1');
    await untilItPasses(() => expect(second.watched.size).toBe(1));
    await seenBy('standby-1', 'one');
    expect([second.manager.leads, second.looks]).toEqual([false, []]);
    const began = performance.now();
    await first[Symbol.asyncDispose]();
    await put('standby', 'standby-2');
    await seenBy('standby-2', 'two');
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(second.election.term).toBe(1);
  });

  it('is not ready, says why, and begins nothing while the API server cannot be reached', async () => {
    await using proxy = await tcpProxy({ port: Number(new URL(api.url).port) });
    proxy.cut();
    await using operator = new Operator(api, 'unreachable', { port: proxy.port });
    await untilItPasses(() =>
      expect(operator.manager.readiness().reasons[0]).toMatch(/configmaps are not synced: GET .* was not answered/),
    );
    expect([operator.manager.leads, operator.manager.liveness().ok]).toEqual([false, true]);
    proxy.heal();
    await untilItPasses(() => expect(operator.manager.leads).toBe(true));
    expect(operator.manager.readiness().ok).toBe(true);
  });

  it('ends its work and asks to be ended when it loses the lease', async () => {
    await using proxy = await tcpProxy({ port: Number(new URL(api.url).port) });
    const reasons: unknown[] = [];
    const reconcile: Reconcile = (_key, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        }),
      );
    await put('loses', 'loses-1');
    await using operator = new Operator(api, 'loses', { port: proxy.port, reconcile });
    await untilItPasses(() => expect(operator.looks).toHaveLength(1));
    proxy.stall();
    await untilItPasses(() => expect(operator.lost).toBe(1));
    expect(reasons).toMatchObject([{ message: 'the lease is lost' }]);
    expect(operator.manager.liveness()).toEqual({ ok: false, reasons: ['the lease is lost'] });
    proxy.heal();
  });

  it('lets work under way end before it gives the lease back', async () => {
    const gate = Promise.withResolvers<undefined>();
    await put('drains', 'drains-1');
    const operator = new Operator(api, 'drains', {
      graceMs: 5_000,
      reconcile: async () => {
        await gate.promise;
        return settled;
      },
    });
    await untilItPasses(() => expect(operator.looks).toHaveLength(1));
    const stopping = operator.manager.stop();
    await sleep(100);
    expect(operator.manager.readiness().reasons).toEqual(['it is stopping']);
    const ref = { name: 'drains', namespace: 'default' };
    expect(await client.get(leases, ref)).toMatchObject({ spec: { holderIdentity: 'one' } });
    gate.resolve(undefined);
    await stopping;
    expect(await client.get(leases, ref)).toMatchObject({ spec: { holderIdentity: '' } });
    expect(operator.watched.running).toBe(false);
    await operator[Symbol.asyncDispose]();
  });

  it('keeps the lease from others while a worker does not come back, and ends within its grace', async () => {
    await put('deaf', 'deaf-1');
    const gate = Promise.withResolvers<typeof settled>();
    const operator = new Operator(api, 'deaf', { graceMs: 200, reconcile: () => gate.promise });
    await untilItPasses(() => expect(operator.looks).toHaveLength(1));
    const began = performance.now();
    await operator[Symbol.asyncDispose]();
    expect(performance.now() - began).toBeLessThan(4_000);
    expect(await client.get(leases, { name: 'deaf', namespace: 'default' })).toMatchObject({ spec: { holderIdentity: 'one' } });
    gate.resolve(settled);
  });

  it('starts what works in the background again when that fails, and ends it', async () => {
    let runs = 0;
    let ended = false;
    const run = async (signal: AbortSignal): Promise<void> => {
      if (runs++ === 0) throw new Error('the first time, it fails');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      ended = true;
    };
    const operator = new Operator(api, 'background', { background: [{ name: 'task', run }] });
    await untilItPasses(() => expect(runs).toBe(2));
    await operator[Symbol.asyncDispose]();
    expect(ended).toBe(true);
  });

  it('can be stopped before it leads, and twice', async () => {
    await using first = new Operator(api, 'early');
    await untilItPasses(() => expect(first.manager.leads).toBe(true));
    const second = new Operator(api, 'early', { identity: 'two' });
    await untilItPasses(() => expect(second.election.holder).toBe('one'));
    await Promise.all([second.manager.stop(), second.manager.stop()]);
    await second[Symbol.asyncDispose]();
    expect(first.election.term).toBe(0);
  });
}
