import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom, silentLogger, systemClock } from '@facehash/kernel';
import { FakeClock } from '@facehash/kernel/testing';
import type { ModelState } from '@facehash/messaging-core';
import { aModelState } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { openModelDirectory } from '@facehash/recognition';
import { aPerson, aPhoto, InMemoryRegistry } from '@facehash/registry-core/testing';
import { eraseDeleted } from './erase-deleted.js';

const LAST_SWEEP_MS = 660_000;
const { storageId } = aModelState();

/** A replica that erases, with somebody enrolled in one model; the test plays the operator. */
class Replica implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly registry = new InMemoryRegistry();
  readonly objects = new InMemoryObjectStore();
  readonly messaging = openLocalMessaging({ clock: systemClock });
  readonly #context = { clock: systemClock, random: seededRandom(1), logger: silentLogger };
  readonly #directory = openModelDirectory(this.messaging.models, this.#context);
  #erasing: { close(): Promise<void> } | undefined;
  #sequence = 0;

  start(): this {
    const { registry, objects, messaging, clock } = this;
    this.#erasing = eraseDeleted({
      ...{ directory: this.#directory, registry, objects, people: messaging.people, clock, lastSweepAfterMs: LAST_SWEEP_MS },
      random: seededRandom(1),
      logger: silentLogger,
    });
    return this;
  }

  async enrolled(id = storageId): Promise<this> {
    const ann = aPerson('Ann', { storageId: id });
    await this.registry.createPerson(ann);
    await this.registry.addPhoto(aPhoto(ann));
    await this.registry.bumpCounter(id);
    const names = { v: 1 as const, storageId: id, revision: 1, names: { [ann.id]: 'Ann' }, tombstones: {} };
    await this.messaging.people.put(id, names, null);
    await this.objects.create(`${id}/photos/x`, new Uint8Array(1));
    return this;
  }

  /** Resolves when the replica has seen it. */
  async publish(state: Partial<ModelState>): Promise<void> {
    const sequence = ++this.#sequence;
    for (const next of [{ storageId, ...state }, { storageId: 'fm-seen-after' }]) {
      const before = await this.messaging.models.get(next.storageId);
      await this.messaging.models.put(next.storageId, aModelState({ ...next, fence: { term: 1, sequence } }), before?.revision ?? null);
    }
    await this.#directory.until('fm-seen-after', (s) => s.fence.sequence === sequence, AbortSignal.timeout(5000));
  }

  async left(id = storageId): Promise<readonly string[]> {
    const left: string[] = [];
    const { people, photos } = await this.registry.counts(id);
    if (people + photos + (await this.registry.counter(id)) > 0) left.push('rows');
    if (await this.messaging.people.get(id)) left.push('names');
    for await (const { key } of this.objects.list(`${id}/`)) left.push(key.slice(id.length + 1));
    return left;
  }

  /** Time goes on, a tick at a time, until this is so. */
  async until(check: () => Promise<boolean> | boolean): Promise<void> {
    for (let ticks = 0; !(await check()); ticks++) {
      if (ticks > 500) throw new Error('it never came');
      await this.pass(1000);
    }
  }

  async pass(ms: number): Promise<void> {
    while (this.clock.sleeping === 0) await sleep(1);
    this.clock.advance(ms);
    await sleep(2);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#erasing?.close();
    await this.#directory.close();
    await this.messaging.close();
  }
}

const nothingLeft = (replica: Replica) => async () => (await replica.left()).length === 0;

describe('a replica that is told that a model is gone', () => {
  it('erases it, and no other one', async () => {
    await using replica = await new Replica().start().enrolled();
    await replica.enrolled('fm-0002-test');
    await replica.publish({});
    await replica.pass(5000);
    expect(await replica.left()).toHaveLength(3);
    await replica.publish({ tombstone: true });
    await replica.until(nothingLeft(replica));
    expect(await replica.left('fm-0002-test')).toHaveLength(3);
  });

  it('erases also what was gone before it started', async () => {
    await using replica = await new Replica().enrolled();
    await replica.publish({ tombstone: true });
    replica.start();
    await replica.until(nothingLeft(replica));
  });

  it('sweeps once more when no call of before can be under way, and then never again', async () => {
    await using replica = await new Replica().start().enrolled();
    await replica.publish({ tombstone: true });
    await replica.until(nothingLeft(replica));
    await replica.objects.create(`${storageId}/photos/late`, new Uint8Array(1));
    await replica.pass(LAST_SWEEP_MS / 2);
    expect(await replica.left()).toEqual(['photos/late']);
    await replica.pass(LAST_SWEEP_MS / 2);
    await replica.until(nothingLeft(replica));
    await replica.objects.create(`${storageId}/photos/later`, new Uint8Array(1));
    await replica.pass(2 * LAST_SWEEP_MS);
    expect(await replica.left()).toEqual(['photos/later']);
  });

  it('goes on after a store was away', async () => {
    await using replica = await new Replica().start().enrolled();
    await replica.publish({ tombstone: true });
    replica.registry.nextError = new Error('down');
    await replica.pass(1000);
    await replica.until(() => replica.registry.nextError === undefined);
    expect(await replica.left()).not.toEqual([]);
    await replica.until(nothingLeft(replica));
  });

  it('touches nothing that the owner keeps', async () => {
    await using replica = await new Replica().start().enrolled();
    await replica.publish({ tombstone: true, keep: true });
    await replica.pass(LAST_SWEEP_MS);
    await replica.pass(LAST_SWEEP_MS);
    expect(await replica.left()).toHaveLength(3);
  });

  it('leaves alone what is there again, also half-way', async () => {
    await using replica = await new Replica().start().enrolled();
    await replica.publish({ tombstone: true });
    await replica.until(nothingLeft(replica));
    await replica.publish({ tombstone: false });
    await replica.enrolled();
    await replica.pass(LAST_SWEEP_MS);
    await replica.pass(LAST_SWEEP_MS);
    expect(await replica.left()).toHaveLength(3);
  });

  it('asks little for what was erased before', async () => {
    await using replica = new Replica();
    await replica.publish({ tombstone: true });
    let erased = 0;
    replica.registry.eraseModel = async () => {
      erased++;
    };
    replica.start();
    await replica.pass(5000);
    await replica.pass(LAST_SWEEP_MS);
    await replica.pass(LAST_SWEEP_MS);
    expect(erased).toBe(0);
  });
});
