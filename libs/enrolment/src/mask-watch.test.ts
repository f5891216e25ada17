import { setImmediate } from 'node:timers/promises';
import { seededRandom, silentLogger } from '@facehash/kernel';
import { FakeClock } from '@facehash/kernel/testing';
import type { KvBucket, KvChange, PeopleProjection, ReplicaReport } from '@facehash/messaging-core';
import { aPeopleProjection, aReplicaReport } from '@facehash/messaging-core/testing';
import { MaskWatch } from './mask-watch.js';

const projection = aPeopleProjection({ tombstones: { per_1: '2026-01-01T00:00:00.000Z' } });
const REVISION = 3;

/** A watch of reports that a test lets come one by one. */
class Watched implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly #stop = new AbortController();
  #tell: (change: KvChange<ReplicaReport> | 'broken') => void = () => undefined;
  readonly #masks: MaskWatch;

  constructor() {
    const people: Pick<KvBucket<PeopleProjection>, 'get'> = {
      get: (key) => Promise.resolve({ key, value: projection, revision: REVISION }),
    };
    const watch = (signal: AbortSignal): AsyncIterable<KvChange<ReplicaReport>> => this.#changes(signal);
    const messaging = { people, replicas: { watch } } as ConstructorParameters<typeof MaskWatch>[0];
    const { signal } = this.#stop;
    this.#masks = new MaskWatch(messaging, { clock: this.clock, random: seededRandom(1), logger: silentLogger, signal });
  }

  async comes(change: KvChange<ReplicaReport> | 'broken'): Promise<void> {
    this.#tell(change);
    await setImmediate();
  }

  reports(peopleRevision: number, at = this.clock.now().toISOString()): Promise<void> {
    const value = aReplicaReport({ replica: 'one', storageId: null, at, peopleRevision });
    return this.comes({ kind: 'put', entry: { key: 'one', revision: 1, value } });
  }

  async passes(ms: number): Promise<void> {
    this.clock.advance(ms);
    await setImmediate();
  }

  get masked(): Promise<boolean> {
    return this.#masks.masked(projection.storageId, 'per_1');
  }

  async *#changes(signal: AbortSignal): AsyncGenerator<KvChange<ReplicaReport>> {
    while (!signal.aborted) {
      const next = Promise.withResolvers<KvChange<ReplicaReport> | 'broken' | undefined>();
      this.#tell = next.resolve;
      signal.addEventListener('abort', () => next.resolve(undefined), { once: true });
      const change = await next.promise;
      if (change === 'broken') throw new Error('the watch broke');
      if (change) yield change;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#masks.close();
  }
}

describe('a person is not called masked', () => {
  it('before the reports that there are have been read', async () => {
    await using watched = new Watched();
    expect(await watched.masked).toBe(false);
    await watched.comes({ kind: 'synced' });
    expect(await watched.masked).toBe(true);
  });

  it('while a replica whose clock is behind answers by an older projection', async () => {
    await using watched = new Watched();
    await watched.reports(REVISION - 1, '2025-12-31T23:00:00.000Z');
    await watched.comes({ kind: 'synced' });
    expect(await watched.masked).toBe(false);
    await watched.reports(REVISION, '2025-12-31T23:00:05.000Z');
    expect(await watched.masked).toBe(true);
  });

  it('for as long as a replica that was silent may only be cut off', async () => {
    await using watched = new Watched();
    await watched.reports(REVISION - 1);
    await watched.comes({ kind: 'synced' });
    await watched.passes(59_999);
    expect(await watched.masked).toBe(false);
    await watched.passes(1);
    expect(await watched.masked).toBe(true);
  });

  it('after a break of the watch until a replica has told again what it answers by', async () => {
    await using watched = new Watched();
    await watched.reports(5000);
    await watched.comes({ kind: 'synced' });
    await watched.comes('broken');
    expect(await watched.masked).toBe(false);
    await watched.passes(1000);
    await watched.comes({ kind: 'synced' });
    expect(await watched.masked).toBe(false);
    await watched.reports(REVISION);
    expect(await watched.masked).toBe(true);
  });
});
