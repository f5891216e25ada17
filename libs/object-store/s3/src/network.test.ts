import { RecordingLogger } from '@facehash/kernel/testing';
import { reasonAgainst, startServer } from '@facehash/test-servers';
import { tcpProxy, type TcpProxy } from '@facehash/testing';
import type { S3ObjectStore, S3Options } from './index.js';
import { Minio, until } from './testing/minio.js';

const reason = await reasonAgainst('minio');
const data = new TextEncoder().encode('data');
const large = new Uint8Array(3_000_000).map((_, i) => i % 251);
const unavailable = { code: 'STORE_UNAVAILABLE' };

describe('objects in S3, over a bad network', () => {
  if (reason !== undefined) it.skip(`are not tested: ${reason}`, () => undefined);
  else onMinio();
});

function onMinio(): void {
  let minio: Minio;
  let proxy: TcpProxy;
  let log: RecordingLogger;
  let store: S3ObjectStore;
  const open = async (more: Partial<S3Options> = {}): Promise<void> => {
    store = await minio.open({ endpoint: `http://127.0.0.1:${proxy.port}`, logger: log, ...more });
    await until(() => store.health().ok);
    log.lines.length = 0;
  };
  /** Breaks off the first connection that has carried so many bytes in this direction. */
  const resetOnceAfter = (bytes: number, direction: 'toServer' | 'toClient'): void => {
    let passed = 0;
    proxy.intercept((chunk, way) => {
      if (way !== direction || (passed += chunk.length) < bytes) return chunk;
      proxy.intercept(undefined);
      return 'reset';
    });
  };
  beforeAll(async () => (minio = new Minio(await startServer('minio'))));
  afterAll(() => minio[Symbol.asyncDispose]());
  beforeEach(async () => {
    proxy = await tcpProxy({ host: minio.url.hostname, port: Number(minio.url.port) });
    log = new RecordingLogger();
  });
  afterEach(async () => {
    await store.close();
    await proxy[Symbol.asyncDispose]();
  });

  it('are written over a reset in the middle of a write, and read over one in the middle of a read', async () => {
    await open();
    resetOnceAfter(1_000_000, 'toServer');
    expect(await store.create('m/large', large)).toBe('created');
    resetOnceAfter(1_000_000, 'toClient');
    expect(Buffer.compare((await store.read('m/large'))?.bytes ?? data, large)).toBe(0);
    const line = (operation: string) => ({
      level: 'info',
      message: 'a call to the object store took more than one try',
      fields: { operation, key: 'm/large', tries: expect.any(Number), why: 'ECONNRESET' },
    });
    expect(log.lines).toEqual([line('create'), line('read')]);
  });

  it('are not lost or doubled where every seventh piece of what is sent breaks a connection off', async () => {
    await open();
    let chunks = 0;
    proxy.intercept((chunk) => (++chunks % 7 === 0 ? 'reset' : chunk));
    const keys = Array.from({ length: 30 }, (_, i) => `m/${i}`);
    const created = await Promise.all(keys.map((key) => store.create(key, new TextEncoder().encode(key))));
    expect(new Set(created)).toEqual(new Set(['created']));
    let sum = 0;
    for (let revision: string | null = null; sum < 10; sum++) {
      revision = (await store.replace('m/sum', new TextEncoder().encode(`${sum}`), revision)) ?? 'lost';
    }
    proxy.heal();
    for (const key of keys) expect(new TextDecoder().decode((await store.read(key))?.bytes)).toBe(key);
    expect(new TextDecoder().decode((await store.read('m/sum'))?.bytes)).toBe('9');
  });

  it('are waited for no longer than the deadline when every byte is swallowed, and are there again afterwards', async () => {
    await open({ timeoutMs: 600 });
    await store.create('m/a', data);
    proxy.stall();
    const began = performance.now();
    await expect(store.read('m/a')).rejects.toMatchObject(unavailable);
    await expect(store.create('m/b', data)).rejects.toMatchObject(unavailable);
    expect(performance.now() - began).toBeLessThan(2_500);
    expect(store.health()).toEqual({ ok: false, why: 'a socket stalled' });
    proxy.heal();
    expect((await store.read('m/a'))?.bytes).toEqual(data);
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'the object store does not answer as it should'],
      ['info', 'the object store answers again'],
      ...(log.lines.length > 2 ? [['info', 'a call to the object store took more than one try']] : []),
    ]);
  });

  it('are got by another try when only the first stalls', async () => {
    await open({ timeoutMs: 3_000 });
    await store.create('m/a', data);
    const { made } = proxy;
    proxy.stall();
    const reading = store.read('m/a');
    await until(() => proxy.made > made);
    proxy.heal();
    expect((await reading)?.bytes).toEqual(data);
    expect(log.lines).toMatchObject([{ level: 'info', fields: { operation: 'read', why: 'a socket stalled' } }]);
  });

  it('are given up at once when a signal aborts, with their socket', async () => {
    await open();
    await store.create('m/a', data);
    proxy.stall();
    const enough = new Error('enough');
    for (const call of [
      (signal: AbortSignal) => store.read('m/a', signal),
      (signal: AbortSignal) => store.create('m/b', large, signal),
      (signal: AbortSignal) => store.replace('m/c', data, null, signal),
      (signal: AbortSignal) => store.remove('m/a', signal),
    ]) {
      const stop = new AbortController();
      const calling = call(stop.signal);
      setTimeout(() => stop.abort(enough), 50);
      const began = performance.now();
      await expect(calling).rejects.toBe(enough);
      expect(performance.now() - began).toBeLessThan(1_000);
    }
    proxy.heal();
    await until(() => proxy.open === 0);
    expect(store.health().ok).toBe(true);
  });

  it('are opened while the store is away, and are there when it comes', async () => {
    proxy.cut();
    store = await minio.open({ endpoint: `http://127.0.0.1:${proxy.port}`, logger: log, timeoutMs: 300 });
    expect(store.health()).toEqual({ ok: false, why: 'the store has not been asked yet' });
    await expect(store.create('m/a', data)).rejects.toMatchObject({ ...unavailable, details: { why: 'ECONNRESET' } });
    expect(store.health()).toEqual({ ok: false, why: 'ECONNRESET' });
    proxy.heal();
    expect(await store.create('m/a', data)).toBe('created');
    expect(store.health()).toEqual({ ok: true, why: null });
  });

  it('keep few sockets, also after failures, and none once they are closed', async () => {
    await open();
    const calls = (): Promise<unknown> =>
      Promise.allSettled(Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? store.create(`m/${i}`, data) : store.read(`m/${i - 1}`))));
    await calls();
    expect(proxy.made).toBeLessThanOrEqual(64);
    await store.close();
    await until(() => proxy.open === 0);
    await open({ timeoutMs: 400 });
    proxy.stall();
    await calls();
    proxy.heal();
    proxy.resetAll();
    for (let i = 0; i < 3; i++) await calls();
    await until(() => proxy.open <= 16);
    await store.close();
    await until(() => proxy.open === 0);
  });

  it('are refused once they are closed', async () => {
    await open();
    await store.close();
    await expect(store.read('m/a')).rejects.toMatchObject({ ...unavailable, details: { why: 'the store is closed' } });
  });
}
