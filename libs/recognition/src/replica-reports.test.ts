import { seededRandom, silentLogger } from '@facehash/kernel';
import { FakeClock } from '@facehash/kernel/testing';
import type { KvBucket, ReplicaReport } from '@facehash/messaging-core';
import { ReplicaReports, type Told } from './replica-reports.js';

const told: Told = {
  ready: true,
  answering: 'v-1',
  verifiedCold: null,
  failed: null,
  peopleRevision: 1,
  only: null,
  rollout: null,
};

/** A replica whose bucket takes a second for each write of what is true of a model. */
class Replica {
  readonly clock = new FakeClock();
  readonly stop = new AbortController();
  /** When the replica said that it lives, in seconds. */
  readonly beats: number[] = [];
  readonly written: string[] = [];
  /** Signals that deletions came with. */
  readonly signals: (AbortSignal | undefined)[] = [];
  readonly held = new Set<string>();
  readonly reports: ReplicaReports;

  constructor() {
    const { clock, stop } = this;
    const began = clock.now().getTime();
    const bucket: KvBucket<ReplicaReport> = {
      get: async () => undefined,
      put: async (key) => {
        if (key === 'pod') this.beats.push((clock.now().getTime() - began) / 1000);
        else {
          await clock.sleep(1000);
          this.written.push(key);
        }
        return 1;
      },
      delete: async (_key, signal) => void this.signals.push(signal),
      watch: () => {
        throw new Error('nobody watches');
      },
    };
    this.reports = new ReplicaReports({
      replica: 'pod',
      bucket,
      describe: (storageId) => (storageId === null || this.held.has(storageId) ? told : undefined),
      clock,
      random: seededRandom(1),
      logger: silentLogger,
      signal: stop.signal,
    });
  }

  async pass(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(1000);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a replica', () => {
  it('says every five seconds that it lives, however much there is to say of its models', async () => {
    const replica = new Replica();
    for (let i = 0; i < 200; i++) {
      replica.held.add(`m${i}`);
      replica.reports.changed(`m${i}`);
    }
    await replica.pass(60);
    expect(replica.written.length).toBeGreaterThan(50);
    const gaps = replica.beats.slice(1).map((at, i) => at - (replica.beats[i] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(10);
    expect(replica.beats.length).toBeGreaterThan(10);
    replica.stop.abort();
  });

  it('says nothing more of a model that it has forgotten, and waits for no bucket when it stops', async () => {
    const replica = new Replica();
    replica.held.add('gone').add('stays');
    for (const id of ['gone', 'stays']) replica.reports.changed(id);
    await replica.pass(3);
    replica.held.delete('gone');
    replica.reports.forget('gone');
    await replica.pass(60);
    expect(replica.written.filter((key) => key === 'pod.gone')).toHaveLength(1);
    expect(replica.written.filter((key) => key === 'pod.stays').length).toBeGreaterThan(1);
    expect(replica.signals).toEqual([replica.stop.signal]);
    replica.stop.abort();
  });
});
