import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom, silentLogger } from '@facehash/kernel';
import { RecordingLogger } from '@facehash/kernel/testing';
import { startApiServer, type ApiServer } from '@facehash/test-servers';
import { tcpProxy, untilItPasses } from '@facehash/testing';
import { KubeClient } from './kube-client.js';
import type { KubeObject } from './raw-object.js';
import { systemRuntimeClock } from './runtime-clock.js';
import { httpFront, type HttpFront } from './testing/http-front.js';
import { authorityOf, configMaps, kubeConfigAt, whyNotHere } from './testing/real-api.js';
import { RecordingMetrics } from './testing/recording-metrics.js';
import { Watched, type Change, type WatchedOptions } from './watched.js';

const server = await startApiServer().catch(whyNotHere);

afterAll(async () => {
  if (typeof server !== 'string') await server.stop();
});

describe('a cache that keeps itself current', () => {
  if (typeof server === 'string') it.skip(`has no API server here: ${server}`, () => undefined);
  else inFairWeather(server);
});

describe('a cache in bad weather', () => {
  if (typeof server === 'string') it.skip(`has no API server here: ${server}`, () => undefined);
  else inBadWeather(server);
});

const labels = { resource: 'configmaps' };
const asItIs = (object: KubeObject): KubeObject => object;

/** A cache of the ConfigMaps that carry a label of its own, so that no test sees another's. */
class Watching implements AsyncDisposable {
  readonly metrics = new RecordingMetrics();
  readonly changes: Change<KubeObject>[] = [];
  readonly watched: Watched;
  readonly #direct: KubeClient;
  readonly #client: KubeClient;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(
    api: ApiServer,
    readonly label: string,
    { port, protocol, ...options }: Partial<WatchedOptions<KubeObject>> & { port?: number; protocol?: string } = {},
  ) {
    this.#direct = new KubeClient({ kubeConfig: kubeConfigAt(api.kubeconfig), fieldManager: 'test' });
    const at = { ...(port === undefined ? {} : { port }), ...(protocol === undefined ? {} : { protocol }) };
    this.#client = new KubeClient({ kubeConfig: kubeConfigAt(api.kubeconfig, at), fieldManager: 'test', deadlineMs: 2_000 });
    this.watched = new Watched({
      client: this.#client,
      resource: configMaps,
      labelSelector: `test=${label}`,
      transform: asItIs,
      clock: systemRuntimeClock,
      random: seededRandom(1),
      logger: silentLogger,
      metrics: this.metrics,
      ...options,
    });
    this.watched.subscribe((change) => void this.changes.push(change));
    this.#running = this.watched.run(this.#stop.signal);
  }

  put(name: string, data: Record<string, string> = {}): Promise<KubeObject> {
    return this.#direct.apply(configMaps, { metadata: { name, namespace: 'default', labels: { test: this.label } }, data });
  }

  remove(name: string): Promise<boolean> {
    return this.#direct.delete(configMaps, { name, namespace: 'default' });
  }

  /** Waits until the cache holds exactly these. */
  holds(...names: readonly string[]): Promise<void> {
    return untilItPasses(
      () =>
        expect(
          this.watched
            .list()
            .map(({ metadata }) => metadata.name)
            .sort(),
        ).toEqual([...names].sort()),
      { withinMs: 30_000 },
    );
  }

  restarts(reason: string): number {
    return this.metrics.counted('watch_cache_restarts_total', { ...labels, reason });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('stop'));
    await this.#running;
    await this.#client.close();
    await this.#direct.close();
  }
}

function inFairWeather(api: ApiServer): void {
  it('holds what is there, follows what happens, and says what changed', async () => {
    await using before = new Watching(api, 'fair');
    await before.put('fair-1', { a: '1' });
    await using watching = new Watching(api, 'fair');
    await watching.watched.whenSynced();
    await watching.holds('fair-1');
    await watching.put('fair-2');
    await watching.put('fair-1', { a: '2' });
    await watching.remove('fair-1');
    await watching.holds('fair-2');
    expect(watching.changes.map(({ kind, key, fresh }) => `${kind} ${key}${fresh ? ' now' : ''}`)).toEqual([
      'added default/fair-1',
      'added default/fair-2 now',
      'changed default/fair-1 now',
      'deleted default/fair-1 now',
    ]);
    expect(watching.changes[2]).toMatchObject({ previous: { data: { a: '1' } }, object: { data: { a: '2' } } });
  });

  it('lists in pages, keeps only what the transform keeps, and finds objects by index', async () => {
    await using writer = new Watching(api, 'pages');
    for (let i = 0; i < 7; i++) await writer.put(`pages-${i}`, { half: String(i % 2), ballast: 'x'.repeat(1_000) });
    await using watching = new Watching(api, 'pages', {
      pageSize: 2,
      transform: ({ metadata, data }) => ({ metadata, half: Reflect.get(Object(data), 'half') }),
      indexes: { half: (object) => [String(object['half'])] },
    });
    await watching.watched.whenSynced();
    expect(watching.watched.size).toBe(7);
    expect(watching.watched.byIndex('half', '1').map(({ metadata }) => metadata.name)).toEqual(['pages-1', 'pages-3', 'pages-5']);
    expect(JSON.stringify(watching.watched.list())).not.toContain('xxx');
  });

  it('sees an object leave when its label goes', async () => {
    await using watching = new Watching(api, 'leaving');
    await watching.put('leaving-1');
    await watching.holds('leaving-1');
    await using other = new Watching(api, 'another');
    await other.put('leaving-1');
    await watching.holds();
  });

  it('survives handlers and transforms that throw, and says so', async () => {
    const logger = new RecordingLogger();
    await using watching = new Watching(api, 'throwing', {
      logger,
      transform: (object) => {
        if (object.metadata.name === 'throwing-bad') throw new Error('cannot read this');
        return object;
      },
    });
    watching.watched.subscribe(() => {
      throw new Error('a handler of no use');
    });
    await watching.put('throwing-bad');
    await watching.put('throwing-1');
    await watching.holds('throwing-1');
    expect(new Set(logger.lines.map(({ message }) => message))).toEqual(
      new Set(['an object could not be cached', 'a handler of changes failed']),
    );
  });

  it('lists again when a resync is due, and offers what has not changed for another look', async () => {
    await using watching = new Watching(api, 'resync', { resyncMs: 300 });
    await watching.put('resync-1');
    await watching.holds('resync-1');
    await untilItPasses(() => expect(watching.changes.filter(({ kind }) => kind === 'resync').length).toBeGreaterThan(2));
    expect(watching.changes.filter(({ kind }) => kind === 'resync').every(({ fresh }) => !fresh)).toBe(true);
    expect(watching.restarts('failed')).toBe(0);
  });

  it('ends at once and leaves no connection when it is told to', async () => {
    await using proxy = await tcpProxy({ port: Number(new URL(api.url).port) });
    {
      await using watching = new Watching(api, 'ending', { port: proxy.port });
      await watching.watched.whenSynced();
      expect(watching.watched.running).toBe(true);
    }
    await untilItPasses(() => expect(proxy.open).toBe(0));
  });
}

function inBadWeather(api: ApiServer): void {
  const apiPort = Number(new URL(api.url).port);

  it('goes on after every reset, and misses nothing', async () => {
    await using proxy = await tcpProxy({ port: apiPort });
    await using watching = new Watching(api, 'resets', { port: proxy.port });
    await watching.watched.whenSynced();
    const names: string[] = [];
    for (let i = 0; i < 5; i++) {
      proxy.resetAll();
      await watching.put(`resets-${i}`);
      names.push(`resets-${i}`);
      await watching.holds(...names);
    }
    expect(watching.restarts('failed')).toBeGreaterThan(0);
  });

  it('notices what happened while it was cut off, deletions too', async () => {
    await using proxy = await tcpProxy({ port: apiPort });
    await using watching = new Watching(api, 'cut', { port: proxy.port });
    await watching.put('cut-1');
    await watching.holds('cut-1');
    proxy.cut();
    await watching.remove('cut-1');
    await watching.put('cut-2');
    await untilItPasses(() => expect(watching.watched.trouble).toBeDefined());
    proxy.heal();
    await watching.holds('cut-2');
    expect(watching.watched.trouble).toBeUndefined();
  });

  it('takes a connection that leads nowhere for dead, and opens another', async () => {
    await using proxy = await tcpProxy({ port: apiPort });
    await using watching = new Watching(api, 'stalled', { port: proxy.port, stallMs: 500 });
    await watching.watched.whenSynced();
    const { made } = proxy;
    proxy.stall();
    await watching.put('stalled-1');
    await untilItPasses(() => expect(watching.restarts('stalled')).toBeGreaterThan(0));
    await untilItPasses(() => expect(proxy.made).toBeGreaterThan(made));
    expect(watching.metrics.read('watch_cache_staleness_seconds', labels)).toBeGreaterThan(0.4);
    proxy.heal();
    await watching.holds('stalled-1');
  });

  it('lists slowly over a slow line, and is synced in the end', async () => {
    await using writer = new Watching(api, 'slow');
    for (let i = 0; i < 20; i++) await writer.put(`slow-${i}`, { ballast: 'x'.repeat(2_000) });
    await using proxy = await tcpProxy({ port: apiPort });
    proxy.slow(200_000);
    await using watching = new Watching(api, 'slow', { port: proxy.port, pageSize: 5 });
    await watching.watched.whenSynced();
    expect(watching.watched.size).toBe(20);
  });

  it('lists anew when its position is gone', async () => {
    await using front = await frontOf(api);
    await using watching = new Watching(api, 'gone', { port: front.port, protocol: 'http' });
    await watching.watched.whenSynced();
    await watching.put('gone-1');
    await watching.holds('gone-1');
    const gone = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' } };
    let watches = 0;
    front.answer(({ url }) =>
      url.includes('watch=true') && watches++ === 0 ? { status: 200, body: `${JSON.stringify(gone)}\n` } : undefined,
    );
    front.breakOff();
    await untilItPasses(() => expect(watching.restarts('expired')).toBe(1));
    await watching.put('gone-2');
    await watching.holds('gone-1', 'gone-2');
    expect(front.calls.filter((call) => !call.includes('watch=true')).length).toBe(2);
  });

  it('starts over when a page is gone before the next one is asked for', async () => {
    await using writer = new Watching(api, 'pages-gone');
    for (let i = 0; i < 5; i++) await writer.put(`pages-gone-${i}`);
    await using front = await frontOf(api);
    let continued = 0;
    front.answer(({ url }) => (url.includes('continue=') && continued++ === 0 ? { status: 410, body: '{"reason":"Expired"}' } : undefined));
    await using watching = new Watching(api, 'pages-gone', { port: front.port, protocol: 'http', pageSize: 2 });
    await watching.watched.whenSynced();
    expect(watching.watched.size).toBe(5);
    expect(continued).toBe(1);
  });

  it.each([
    ['429 with a pause', { status: 429, headers: { 'retry-after': '1' } }],
    ['500', { status: 500 }],
    ['403', { status: 403 }],
    ['404', { status: 404 }],
    ['garbage', { status: 200, body: 'garbage' }],
  ])('waits out a server that answers with %s', async (what, answer) => {
    const label = `answers-${what.split(' ')[0] ?? ''}`;
    await using front = await frontOf(api);
    front.answerNext(3, answer);
    await using watching = new Watching(api, label, { port: front.port, protocol: 'http' });
    await watching.put(label);
    await watching.holds(label);
    expect(front.calls.length).toBeLessThan(10);
  });

  it('doubts a position that a server refuses again and again, and lists', async () => {
    await using front = await frontOf(api);
    await using watching = new Watching(api, 'doubt', { port: front.port, protocol: 'http' });
    await watching.watched.whenSynced();
    let refusals = 0;
    front.answer(({ url }) => (url.includes('watch=true') && refusals++ < 3 ? { status: 504, body: '{"reason":"Timeout"}' } : undefined));
    front.breakOff();
    await watching.put('doubt-1');
    await watching.holds('doubt-1');
    expect(front.calls.filter((call) => !call.includes('watch=true')).length).toBe(2);
  });

  it('does not hammer a server that ends every watch at once', async () => {
    await using front = await frontOf(api);
    front.answer(({ url }) => (url.includes('watch=true') ? { status: 200, body: '' } : undefined));
    await using watching = new Watching(api, 'short', { port: front.port, protocol: 'http' });
    await watching.watched.whenSynced();
    await sleep(2_000);
    expect(front.calls.length).toBeLessThan(15);
  });
}

function frontOf(api: ApiServer): Promise<HttpFront> {
  return httpFront({ url: api.url, ca: authorityOf(api.kubeconfig) });
}
