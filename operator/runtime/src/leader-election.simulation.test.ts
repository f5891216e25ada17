import { seededRandom, silentLogger, type Random } from '@facehash/kernel';
import fc from 'fast-check';
import { ApiError } from './api-error.js';
import { LeaderElection } from './leader-election.js';
import { noRuntimeMetrics } from './metrics.js';
import type { KubeObject } from './raw-object.js';
import { FakeRuntimeClock } from './testing/fake-runtime-clock.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One Lease behind a network that loses questions, loses answers, and is late. */
class UnreliableLease {
  #stored: KubeObject | undefined;
  #version = 0;

  constructor(
    private readonly clock: FakeRuntimeClock,
    private readonly random: Random,
    private readonly lossRate: number,
  ) {}

  async get(): Promise<KubeObject | undefined> {
    return this.#call(() => this.#stored);
  }

  async create(_resource: unknown, object: KubeObject): Promise<KubeObject> {
    return this.#call(() => {
      if (this.#stored !== undefined) throw new ApiError('alreadyExists', 'it is there');
      return this.#store(object);
    });
  }

  async replace(_resource: unknown, object: KubeObject): Promise<KubeObject> {
    return this.#call(() => {
      if (object.metadata.resourceVersion !== this.#stored?.metadata.resourceVersion) throw new ApiError('conflict', 'it has changed');
      return this.#store(object);
    });
  }

  #store(object: KubeObject): KubeObject {
    this.#stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    return this.#stored;
  }

  async #call<T>(work: () => T): Promise<T> {
    await this.clock.sleep(this.random.next() * 3_000);
    if (this.random.next() < this.lossRate) throw new ApiError('unavailable', 'the question was lost');
    const result = work();
    if (this.random.next() < this.lossRate) throw new ApiError('unavailable', 'the answer was lost');
    return result;
  }
}

interface Reign {
  readonly identity: number;
  readonly term: number;
}

interface Weather {
  readonly seed: number;
  readonly loss: number;
  readonly clocksJump: boolean;
}

/** Who led one after the other in a little more than three minutes. Fails when two lead at once. */
async function reignsIn({ seed, loss, clocksJump }: Weather): Promise<readonly Reign[]> {
  const [clock, random, stop] = [new FakeRuntimeClock(), seededRandom(seed), new AbortController()];
  const client = new UnreliableLease(clock, random, loss);
  const shared = { client, namespace: 'n', name: 'l', clock, random, logger: silentLogger, metrics: noRuntimeMetrics };
  const candidates = ['one', 'two', 'three'].map((identity) => new LeaderElection({ identity, ...shared }));
  const lives = candidates.map(async (candidate) => {
    while (!stop.signal.aborted) {
      await candidate.acquire(stop.signal);
      await candidate.hold(stop.signal);
    }
  });
  const reigns: Reign[] = [];
  for (let ms = 0; ms < 200_000; ms += 250) {
    clock.advance(250);
    if (clocksJump && random.next() < 0.05) clock.setWallClock((random.next() - 0.5) * 86_400_000);
    await turn();
    const leading = candidates.flatMap(({ term }, identity) => (term === undefined ? [] : [{ identity, term }]));
    expect(leading.length).toBeLessThanOrEqual(1);
    reigns.push(...leading);
  }
  stop.abort(new Error('stop'));
  let ended = false;
  void Promise.allSettled(lives).then(() => (ended = true));
  for (; !ended; await turn()) clock.advance(1_000);
  return reigns;
}

describe('leaders behind an unreliable network', () => {
  it('are never two at once, and each leads in a later term than the one before', async () => {
    const weather = fc.record({ seed: fc.nat(), loss: fc.constantFrom(0, 0.3, 0.5, 0.6, 0.7), clocksJump: fc.boolean() });
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(weather, async (drawn) => {
        const reigns = await reignsIn(drawn);
        for (const [i, { identity, term }] of reigns.entries()) {
          const next = reigns[i + 1] ?? { identity, term };
          if (next.identity !== identity) changes++;
          expect(next.term).toBeGreaterThanOrEqual(next.identity === identity ? term : term + 1);
        }
        if (drawn.loss < 0.1) expect(reigns.length).toBeGreaterThan(0);
      }),
      { numRuns: 40 },
    );
    expect(changes).toBeGreaterThan(3);
  });
});
