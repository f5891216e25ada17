import { FaceHashError, systemClock } from '@facehash/kernel';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { InMemoryRegistry } from '@facehash/registry-core/testing';
import { builtIn } from '@facehash/vision-core';
import { FakeFaceAnalyser } from '@facehash/vision-core/testing';
import { noCheckpoint } from './checkpoint.js';
import { Owner } from './owner.js';
import { takeIn } from './photo-intake.js';
import { Room } from './room.js';

const ann = { id: 'per_1', storageId: 'fm-0001-test', name: 'Ann', externalId: null, metadata: {}, createdAt: '2026-01-01T00:00:00.000Z' };

/** Holds each write until it is let go; landmarks then cannot be stored. */
class SlowObjectStore extends InMemoryObjectStore {
  readonly under = new Map<string, () => void>();

  override async create(key: string): Promise<'created' | 'exists'> {
    await new Promise<void>((resolve) => this.under.set(key, resolve));
    if (key.endsWith('.landmarks')) throw new FaceHashError('STORE_UNAVAILABLE');
    return 'created';
  }
}

describe('what is stored of a photo', () => {
  it('is written side by side once the photo is there, and a failure is told once none of it is on its way any more', async () => {
    const [registry, objects] = [new InMemoryRegistry(), new SlowObjectStore()];
    await registry.createPerson(ann);
    const room = new Room(0, { left: 10, why: '' });
    const fakes = { registry, objects, analyser: new FakeFaceAnalyser(), pipeline: builtIn, room };
    const parts = { ...fakes, clock: systemClock, checkpoint: noCheckpoint, counted: () => undefined };
    let told = false;
    const owner = new Owner(ann.storageId, ann, () => Promise.resolve(ann));
    const call = takeIn(parts, owner, { index: 0, bytes: new TextEncoder().encode('one') }).finally(() => (told = true));
    call.catch(() => undefined);
    const underWay = async (count: number): Promise<void> => {
      while (objects.under.size < count) await new Promise((resolve) => setImmediate(resolve));
    };
    await underWay(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const [[key, photoStored] = ['', () => undefined], ...early] = objects.under;
    expect({ key, early }).toEqual({ key: expect.stringContaining('/photos/'), early: [] });
    objects.under.clear();
    photoStored();
    await underWay(2);
    const [slow, ...others] = [...objects.under].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, end]) => end);
    for (const end of others) end();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(told).toBe(false);
    slow?.();
    await expect(call).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await registry.counts(ann.storageId)).toMatchObject({ photos: 0 });
  });
});
