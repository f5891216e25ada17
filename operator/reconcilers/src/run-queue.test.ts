import { FakeClock } from '@facehash/kernel/testing';
import fc from 'fast-check';
import { RunQueue, type RunLoad } from './run-queue.js';

/** A queue whose runs begin and end when a test says so. */
class Cluster {
  readonly clock = new FakeClock();
  readonly load = new Map<string, RunLoad>();
  readonly queue: RunQueue;

  constructor(readonly maxConcurrent: number) {
    this.queue = new RunQueue({ maxConcurrent, load: () => [...this.load.values()], clock: this.clock, wishMs: 300_000 });
  }

  /** `namespace/name`, with a `!` behind an upgrade. */
  want(...wishes: readonly string[]): void {
    for (const wish of wishes) {
      const [namespace = ''] = wish.split('/');
      this.queue.want({ storageId: wish.replace('!', ''), namespace, upgrade: wish.endsWith('!') });
    }
  }

  admit(storageId: string, parked = false): boolean {
    const may = this.queue.admit(storageId);
    if (may) this.load.set(storageId, { storageId, parked });
    return may;
  }

  end(storageId: string): void {
    this.load.delete(storageId);
    this.queue.drop(storageId);
  }

  /** Lets one begin after another, each ending at once; in which order. */
  drained(): readonly string[] {
    const order: string[] = [];
    for (let [next] = this.queue.next(); next !== undefined; [next] = this.queue.next()) {
      order.push(next);
      this.admit(next);
      this.end(next);
    }
    return order;
  }
}

describe('the queue of runs', () => {
  it.each([
    ['of one namespace begin in the order of their wishes', ['a/1', 'a/2', 'a/3'], ['a/1', 'a/2', 'a/3']],
    ['of several namespaces take turns', ['a/1', 'a/2', 'a/3', 'b/1', 'c/1', 'b/2'], ['a/1', 'b/1', 'c/1', 'a/2', 'b/2', 'a/3']],
    ['only upgrade come after all that is new', ['a/1!', 'a/2!', 'b/1!', 'c/1', 'a/3'], ['a/3', 'c/1', 'b/1', 'a/1', 'a/2']],
  ])('lets runs that %s', (_, wishes, order) => {
    const cluster = new Cluster(1);
    cluster.want(...wishes);
    expect(cluster.drained()).toEqual(order);
  });

  it('says who has begun, who waits where, and who wants nothing', () => {
    const cluster = new Cluster(1);
    cluster.want('a/1', 'a/2', 'b/1');
    expect(cluster.admit('a/1')).toBe(true);
    expect(['a/1', 'b/1', 'a/2', 'c/1'].map((id) => cluster.queue.queuePosition(id))).toEqual([0, 1, 2, null]);
    cluster.queue.drop('b/1');
    expect(cluster.queue.queuePosition('a/2')).toBe(1);
  });

  it('lets nobody past those who wait, as long as a place is theirs', () => {
    const cluster = new Cluster(2);
    cluster.want('a/1');
    expect(cluster.queue.slotFree('b/newcomer')).toBe(true);
    cluster.want('a/2');
    expect(cluster.queue.slotFree('b/newcomer')).toBe(false);
    expect(cluster.queue.slotFree('a/2')).toBe(true);
  });

  it('counts a run from the moment in which it was let begin, until it had its time to appear', () => {
    const cluster = new Cluster(1);
    expect(cluster.queue.admit('a/1')).toBe(true);
    expect(cluster.queue.admit('a/1')).toBe(true);
    expect(cluster.queue.admit('a/2')).toBe(false);
    cluster.clock.advance(121_000);
    expect(cluster.queue.admit('a/2')).toBe(true);
  });

  it('forgets a wish that is not renewed, so that nobody waits for one who is gone', () => {
    const cluster = new Cluster(1);
    cluster.want('a/1', 'b/1');
    cluster.clock.advance(200_000);
    cluster.want('b/1');
    cluster.clock.advance(200_000);
    expect(cluster.queue.queuePosition('a/1')).toBeNull();
    expect(cluster.queue.queuePosition('b/1')).toBe(1);
  });

  it('says how many run, are parked and wait, and for how long at most', () => {
    const cluster = new Cluster(2);
    expect(cluster.queue.figures()).toEqual({ running: 0, parked: 0, waiting: 0, longestWaitSeconds: 0 });
    cluster.admit('a/parked', true);
    cluster.want('a/1', 'a/2', 'a/3');
    cluster.admit('a/1');
    cluster.clock.advance(90_000);
    cluster.want('b/1');
    expect(cluster.queue.figures()).toEqual({ running: 1, parked: 1, waiting: 3, longestWaitSeconds: 90 });
    cluster.queue.drop('a/2');
    cluster.queue.drop('a/3');
    expect(cluster.queue.figures()).toMatchObject({ waiting: 1, longestWaitSeconds: 0 });
  });

  it('takes no more wishes than it has room for', () => {
    const queue = new RunQueue({ maxConcurrent: 1, load: () => [], clock: new FakeClock(), wishesMax: 1 });
    for (const storageId of ['a', 'b']) queue.want({ storageId, namespace: 'n', upgrade: false });
    expect([queue.queuePosition('a'), queue.queuePosition('b')]).toEqual([1, null]);
  });

  it('lets others begin beside runs that wait for an accelerator, but not without end', () => {
    const cluster = new Cluster(2);
    for (const id of ['a/1', 'a/2']) cluster.admit(id, true);
    expect(cluster.admit('b/1')).toBe(true);
    cluster.admit('b/2', true);
    expect(cluster.admit('b/3')).toBe(false);
  });
});

const namespaces = ['a', 'b', 'c'];
const step = fc.oneof(
  fc.record({ do: fc.constant('want' as const), id: fc.nat({ max: 8 }), namespace: fc.constantFrom(...namespaces) }),
  fc.record({ do: fc.constant('admit' as const), id: fc.nat({ max: 8 }), namespace: fc.constantFrom(...namespaces) }),
  fc.record({ do: fc.constant('end' as const), id: fc.nat({ max: 8 }), namespace: fc.constantFrom(...namespaces) }),
  fc.record({ do: fc.constant('wait' as const), id: fc.nat({ max: 100 }), namespace: fc.constant('a') }),
);

describe('whatever is wanted, begins and ends', () => {
  it('never lets more run at once than may, and gives a free place to somebody who waits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 80 }), (maxConcurrent, steps) => {
        const cluster = new Cluster(maxConcurrent);
        for (const { do: what, id, namespace } of steps) {
          const storageId = `${namespace}/${id}`;
          if (what === 'want' && !cluster.load.has(storageId)) cluster.want(storageId);
          if (what === 'admit' && !cluster.load.has(storageId)) cluster.admit(storageId);
          if (what === 'end' && cluster.load.has(storageId)) cluster.end(storageId);
          if (what === 'wait') cluster.clock.advance(id * 1000);
          expect(cluster.load.size).toBeLessThanOrEqual(maxConcurrent);
          const [next] = cluster.queue.next();
          if (next !== undefined) expect(cluster.queue.slotFree(next)).toBe(true);
        }
      }),
    );
  });

  it('lets nobody starve: with n namespaces, the k-th wish of one begins among the first n * k, whatever comes later', () => {
    const arrivals = fc.array(fc.constantFrom(...namespaces), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(arrivals, arrivals, (before, later) => {
        const cluster = new Cluster(1);
        before.forEach((namespace, i) => cluster.want(`${namespace}/${i}`));
        const own = 'a/own';
        cluster.want(own);
        const ownPlace = before.filter((namespace) => namespace === 'a').length + 1;
        const coming = later.map((namespace, i) => `${namespace}/late-${i}`);
        let begun = 0;
        for (let [next] = cluster.queue.next(); next !== undefined; [next] = cluster.queue.next()) {
          begun++;
          cluster.admit(next);
          cluster.end(next);
          if (next === own) break;
          cluster.clock.advance(1);
          cluster.want(...coming.splice(0, 2));
        }
        expect(begun).toBeLessThanOrEqual(namespaces.length * ownPlace);
      }),
    );
  });
});
