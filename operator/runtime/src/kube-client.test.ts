import { setTimeout as sleep } from 'node:timers/promises';
import { startApiServer, type ApiServer } from '@facehash/test-servers';
import { tcpProxy, untilItPasses } from '@facehash/testing';
import { KubeClient, type KubeClientOptions } from './kube-client.js';
import type { KubeObject } from './raw-object.js';
import { leases, type Resource } from './resource.js';
import { leaseSpec, microTime } from './lease-record.js';
import { httpFront } from './testing/http-front.js';
import { authorityOf, configMaps, kubeConfigAt, whyNotHere } from './testing/real-api.js';
import { RecordingMetrics } from './testing/recording-metrics.js';

const server = await startApiServer().catch(whyNotHere);

const namespaces: Resource = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
const crds: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};
const widgets: Resource = { group: 'example.test', version: 'v1', plural: 'widgets', kind: 'Widget', namespaced: true };

const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const widgetDefinition: KubeObject = {
  metadata: { name: 'widgets.example.test' },
  spec: {
    group: 'example.test',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: schema } }],
  },
};

const aMap = (name: string, data: Record<string, string> = {}): KubeObject => ({ metadata: { name, namespace: 'default' }, data });
const ref = (name: string) => ({ name, namespace: 'default' });

afterAll(async () => {
  if (typeof server !== 'string') await server.stop();
});

describe('the client of the API server', () => {
  if (typeof server === 'string') it.skip(`has none here: ${server}`, () => undefined);
  else theVerbs(server);
});

describe('the client in bad weather', () => {
  if (typeof server === 'string') it.skip(`has no API server here: ${server}`, () => undefined);
  else badWeather(server);
});

function aClient(api: ApiServer, options: Partial<KubeClientOptions> & { port?: number; protocol?: string } = {}): KubeClient {
  const { port, protocol = 'https', ...rest } = options;
  const kubeConfig = kubeConfigAt(api.kubeconfig, { protocol, ...(port === undefined ? {} : { port }) });
  return new KubeClient({ kubeConfig, fieldManager: 'test', ...rest });
}

function theVerbs(api: ApiServer): void {
  const client = aClient(api);
  afterAll(() => client.close());

  it('creates, reads, replaces and deletes, and says what was in the way', async () => {
    expect(await client.get(configMaps, ref('verbs'))).toBeUndefined();
    const made = await client.create(configMaps, aMap('verbs', { a: '1' }));
    await expect(client.create(configMaps, aMap('verbs'))).rejects.toMatchObject({ code: 'alreadyExists', status: 409 });
    expect(await client.get(configMaps, ref('verbs'))).toEqual(made);
    const replaced = await client.replace(configMaps, { ...made, data: { a: '2' } });
    await expect(client.replace(configMaps, { ...made, data: { a: '3' } })).rejects.toMatchObject({ code: 'conflict' });
    expect(replaced['data']).toEqual({ a: '2' });
    await expect(client.create(configMaps, aMap('Not A Name'))).rejects.toMatchObject({ code: 'invalid', status: 422 });
    expect([await client.delete(configMaps, ref('verbs')), await client.delete(configMaps, ref('verbs'))]).toEqual([true, false]);
  });

  it('deletes the very object that is meant and no later one of its name', async () => {
    const { uid = '' } = (await client.create(configMaps, aMap('twice'))).metadata;
    await client.delete(configMaps, ref('twice'));
    const second = await client.create(configMaps, aMap('twice'));
    await expect(client.delete(configMaps, ref('twice'), { uid })).rejects.toMatchObject({ code: 'conflict' });
    const { resourceVersion = '' } = second.metadata;
    await client.patch(configMaps, ref('twice'), { strategy: 'merge', body: { data: { a: '1' } } });
    await expect(client.delete(configMaps, ref('twice'), { resourceVersion })).rejects.toMatchObject({ code: 'conflict' });
    expect(await client.delete(configMaps, ref('twice'), { uid: second.metadata.uid ?? '' })).toBe(true);
  });

  it('applies what it owns, takes it over from others, and takes away what it applies no more', async () => {
    await client.create(configMaps, aMap('applied', { theirs: '1', shared: '1' }));
    await client.apply(configMaps, aMap('applied', { shared: '2', ours: '1' }));
    const after = await client.apply(configMaps, aMap('applied', { shared: '3' }));
    expect(after['data']).toEqual({ theirs: '1', shared: '3' });
    const other = aClient(api, { fieldManager: 'other' });
    await expect(other.apply(configMaps, aMap('applied', { shared: '4' }), { force: false })).rejects.toMatchObject({ code: 'conflict' });
    await other.close();
  });

  it('applies and patches custom resources and their status, which a strategic patch could not', async () => {
    await client.apply(crds, widgetDefinition);
    const widget = { metadata: ref('w'), spec: { size: 1 } };
    const made = await untilItPasses(() => client.apply(widgets, widget));
    await client.patch(widgets, ref('w'), { strategy: 'merge', subresource: 'status', body: { status: { phase: 'Ready' } } });
    const patched = await client.patch(widgets, ref('w'), { strategy: 'json', body: [{ op: 'replace', path: '/spec/size', value: 2 }] });
    expect(patched).toMatchObject({ spec: { size: 2 }, status: { phase: 'Ready' } });
    const replaced = await client.replace(widgets, { ...patched, status: { phase: 'Gone' } }, { subresource: 'status' });
    expect(replaced).toMatchObject({ spec: { size: 2 }, status: { phase: 'Gone' } });
    expect(made.metadata.generation).toBe(1);
    expect(replaced.metadata.generation).toBe(2);
  });

  it('reads times as the server writes them, and nothing of who wrote which field', async () => {
    const made = await client.create(configMaps, aMap('raw'));
    const { items } = await client.list(configMaps, { namespace: 'default', fieldSelector: 'metadata.name=raw' });
    expect(typeof made.metadata.creationTimestamp).toBe('string');
    expect(items[0]?.metadata).toEqual(made.metadata);
    expect(made.metadata['managedFields']).toBeUndefined();
  });

  it('passes on what time it is there, with each answer', async () => {
    const told: { readonly date: string; readonly roundTripMs: number }[] = [];
    const listening = aClient(api, { onDate: (date, roundTripMs) => void told.push({ date, roundTripMs }) });
    await listening.get(configMaps, ref('of nobody'));
    await listening.close();
    expect(told).toHaveLength(1);
    expect(Math.abs(Date.parse(told[0]?.date ?? '') - Date.now())).toBeLessThan(5_000);
    expect(told[0]?.roundTripMs).toBeGreaterThan(0);
  });

  it('writes the time of a lease as the server takes it', async () => {
    const now = microTime(new Date());
    const record = { holder: 'me', durationSeconds: 15, acquiredAt: now, renewedAt: now, transitions: 0 };
    const made = await client.create(leases, { metadata: ref('times'), spec: leaseSpec(record) });
    expect(made['spec']).toMatchObject({ renewTime: now });
  });

  it('lists in pages and by label, in one namespace or in all', async () => {
    await client.create(namespaces, { metadata: { name: 'paged' } });
    for (let i = 0; i < 5; i++) {
      await client.create(configMaps, { metadata: { name: `page-${i}`, namespace: 'paged', labels: { odd: String(i % 2 === 1) } } });
    }
    const first = await client.list(configMaps, { namespace: 'paged', limit: 3 });
    const second = await client.list(configMaps, { namespace: 'paged', limit: 3, continueFrom: first.continueFrom });
    expect([first.items.length, second.items.length, second.continueFrom]).toEqual([3, 2, undefined]);
    expect((await client.list(configMaps, { labelSelector: 'odd=true' })).items.map(({ metadata }) => metadata.name)).toEqual([
      'page-1',
      'page-3',
    ]);
  });

  it('tells what happens from a position on, and that a position is gone', async () => {
    const { resourceVersion } = await client.list(configMaps);
    await client.create(configMaps, aMap('watched'));
    await client.delete(configMaps, ref('watched'));
    const seen: string[] = [];
    for await (const event of client.watch(configMaps, { resourceVersion, timeoutSeconds: 60 }, AbortSignal.timeout(20_000))) {
      seen.push(event.kind);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual(['added', 'deleted']);
  });

  it('says of a position that the server does not remember that it is gone', async () => {
    await client.apply(crds, widgetDefinition);
    // The server's memory of a resource begins when the resource does.
    const { resourceVersion } = await untilItPasses(() => client.list(widgets));
    expect(Number(resourceVersion)).toBeGreaterThan(2);
    const old = client.watch(widgets, { resourceVersion: '1', timeoutSeconds: 60 }, AbortSignal.timeout(20_000));
    expect((await old.next()).value).toMatchObject({ kind: 'error', error: { code: 'gone', status: 410 } });
  });

  it('uses connections again: those of calls that were under way at the same time do for all later ones', async () => {
    await using proxy = await tcpProxy({ port: Number(new URL(api.url).port) });
    const metrics = new RecordingMetrics();
    const pooled = aClient(api, { port: proxy.port, metrics });
    await Promise.all(Array.from({ length: 100 }, () => pooled.get(configMaps, ref('raw'))));
    // At most 32 are under way; a call that finds none ready begins one, also if another call's is taken in the end.
    expect(proxy.made).toBeLessThanOrEqual(64);
    const { made } = proxy;
    for (let i = 0; i < 20; i++) await pooled.get(configMaps, ref('raw'));
    expect(proxy.made).toBe(made);
    expect(metrics.counted('rest_client_requests_total', { code: '200', method: 'GET' })).toBe(120);
    await pooled.close();
    await untilItPasses(() => expect(proxy.open).toBe(0));
  });

  it('opens new connections when the certificates change, and lets what is under way end on the old ones', async () => {
    await using proxy = await tcpProxy({ port: Number(new URL(api.url).port) });
    const kubeConfig = kubeConfigAt(api.kubeconfig, { port: proxy.port });
    const rotating = new KubeClient({ kubeConfig, fieldManager: 'test' });
    const { resourceVersion } = await rotating.list(configMaps);
    const stop = new AbortController();
    const watch = rotating.watch(configMaps, { resourceVersion, timeoutSeconds: 60 }, stop.signal);
    const first = watch.next();
    await rotating.list(configMaps);
    const before = proxy.made;
    const ca = authorityOf(api.kubeconfig);
    kubeConfig.clusters = kubeConfig.clusters.map((cluster) => ({ ...cluster, caData: Buffer.concat([ca, ca]).toString('base64') }));
    await rotating.create(configMaps, aMap('rotated'));
    expect(proxy.made).toBe(before + 1);
    expect((await first).value).toMatchObject({ kind: 'added' });
    await watch.return(undefined);
    await rotating.close();
    await untilItPasses(() => expect(proxy.open).toBe(0));
    expect(() => new KubeClient({ kubeConfig, fieldManager: 'test' })).toThrow('one client for each KubeConfig');
  });
}

function badWeather(api: ApiServer): void {
  const apiPort = Number(new URL(api.url).port);

  it('ends a call at its deadline, and the next one finds its way over a new connection', async () => {
    await using proxy = await tcpProxy({ port: apiPort });
    const client = aClient(api, { port: proxy.port });
    await client.list(configMaps);
    proxy.stall();
    const began = performance.now();
    await expect(client.get(configMaps, ref('x'), { deadlineMs: 300 })).rejects.toMatchObject({ code: 'unavailable', status: undefined });
    expect(performance.now() - began).toBeLessThan(2_000);
    const made = proxy.made;
    proxy.heal();
    expect(await client.get(configMaps, ref('x'), { deadlineMs: 5_000 })).toBeUndefined();
    expect(proxy.made).toBeGreaterThan(made);
    await client.close();
  });

  it('breaks off a watch whose connection leads nowhere, once a call has found out', async () => {
    await using proxy = await tcpProxy({ port: apiPort });
    const client = aClient(api, { port: proxy.port, deadlineMs: 1_000 });
    const { resourceVersion } = await client.list(configMaps);
    const watching = client.watch(configMaps, { resourceVersion, timeoutSeconds: 60 }, AbortSignal.timeout(20_000)).next();
    await Promise.all([1, 2, 3].map(() => client.list(configMaps)));
    proxy.stallOpen();
    const began = performance.now();
    await expect(client.list(configMaps)).rejects.toMatchObject({ code: 'unavailable' });
    expect((await client.list(configMaps)).items.length).toBeGreaterThan(0);
    await expect(watching).rejects.toMatchObject({ code: 'unavailable' });
    expect(performance.now() - began).toBeLessThan(8_000);
    await client.close();
  });

  it('says that nobody is there while the network is cut, and goes on when it has healed', async () => {
    await using proxy = await tcpProxy({ port: apiPort });
    const client = aClient(api, { port: proxy.port });
    await client.list(configMaps);
    proxy.cut();
    await expect(client.list(configMaps)).rejects.toMatchObject({ code: 'unavailable' });
    proxy.heal();
    expect((await client.list(configMaps)).items.length).toBeGreaterThan(0);
    await client.close();
  });

  it('loses no call whose connection breaks while it is being made: each is answered, or fails at once', async () => {
    await using proxy = await tcpProxy({ port: apiPort });
    const client = aClient(api, { port: proxy.port });
    await client.apply(configMaps, aMap('reset'));
    let over = false;
    let slowestMs = 0;
    const calling = async (): Promise<void> => {
      for (; !over; await sleep(Math.random() * 50)) {
        const began = performance.now();
        const patch = { strategy: 'merge', body: { data: { at: String(began) } }, deadlineMs: 20_000 } as const;
        await client.patch(configMaps, ref('reset'), patch).catch(() => undefined);
        slowestMs = Math.max(slowestMs, performance.now() - began);
      }
    };
    const callers = [1, 2, 3, 4].map(calling);
    for (let i = 0; i < 100; i++) {
      proxy.resetAll();
      await sleep(Math.random() * 100);
    }
    over = true;
    await Promise.all(callers);
    expect(slowestMs).toBeLessThan(10_000);
    await client.close();
  });

  it('gives the caller’s own reason when the caller gives up', async () => {
    await using proxy = await tcpProxy({ port: apiPort });
    const client = aClient(api, { port: proxy.port });
    proxy.stall();
    const asked = client.list(configMaps, {}, AbortSignal.abort(new Error('changed my mind')));
    await expect(asked).rejects.toThrow('changed my mind');
    const enough = new AbortController();
    const waiting = client.list(configMaps, {}, enough.signal);
    await sleep(50);
    enough.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await client.close();
  });

  it('waits as long as the server asks, and no longer than its deadline', async () => {
    await using front = await httpFront({ url: api.url, ca: authorityOf(api.kubeconfig) });
    const client = aClient(api, { port: front.port, protocol: 'http' });
    front.answerNext(1, { status: 429, headers: { 'retry-after': '1' } });
    const began = performance.now();
    await client.create(configMaps, aMap('patient'));
    expect(performance.now() - began).toBeGreaterThanOrEqual(1_000);
    expect(front.calls).toHaveLength(2);
    front.answerNext(1, { status: 429, headers: { 'retry-after': '60' } });
    await expect(client.list(configMaps)).rejects.toMatchObject({ code: 'throttled', retryAfterMs: 60_000 });
    front.answerNext(1, { status: 500 });
    await expect(client.list(configMaps)).rejects.toMatchObject({ code: 'unavailable', status: 500 });
    front.answerNext(1, { status: 200, body: '<html>' });
    await expect(client.list(configMaps)).rejects.toMatchObject({ code: 'unavailable' });
    await client.close();
  });

  it('tells nobody its token, whatever goes wrong', async () => {
    const { token = '' } = kubeConfigAt(api.kubeconfig).getCurrentUser() ?? {};
    expect(token).not.toBe('');
    await using front = await httpFront({ url: api.url });
    front.answerNext(1, { status: 500, body: JSON.stringify({ message: 'oops' }) });
    const client = aClient(api, { port: front.port, protocol: 'http' });
    const error: unknown = await client.list(configMaps).catch((thrown: unknown) => thrown);
    expect(JSON.stringify([error, String(error)])).not.toContain(token);
    await client.close();
  });
}
