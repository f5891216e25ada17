import {
  decodeDocument,
  encodeDocument,
  latestPointerSchema,
  layout,
  samplesDigest,
  snapshotSchema,
  type Snapshot,
} from '@facehash/artifacts';
import { seededRandom, silentLogger, systemClock } from '@facehash/kernel';
import { aModelState } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { InMemoryRegistry } from '@facehash/registry-core/testing';
import { aFace } from '@facehash/vision-core/testing';
import { openSnapshotCutter } from './snapshot-cutter.js';

const NEWEST = 45;
const [older, newer] = ['a'.repeat(64), 'b'.repeat(64)];
const addedAt = '2026-01-01T00:00:00.000Z';
const { storageId } = aModelState();

/** Snapshots up to 45 of a photo that the registry, as it was restored, knows nothing of. */
class Restored implements AsyncDisposable {
  readonly registry = new InMemoryRegistry();
  readonly objects = new InMemoryObjectStore();
  readonly messaging = openLocalMessaging({ clock: systemClock });
  readonly cutter;

  constructor({ active, sweepMs = 60_000 }: { readonly active: number | null; readonly sweepMs?: number }) {
    const { registry, objects, messaging } = this;
    this.cutter = openSnapshotCutter({
      registry,
      objects,
      commands: messaging.commands,
      people: messaging.people,
      rules: () => ({ debounceSeconds: 0, photosPerPerson: { min: 1 }, active: active === null ? null : { snapshot: active } }),
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      sweepMs,
    });
  }

  async lay(counter: number): Promise<void> {
    const snapshot: Snapshot = { v: 1, storageId, counter: NEWEST, people: [{ id: 'per_1', photos: [older, newer].sort() }] };
    await this.objects.create(layout.samples(storageId, NEWEST), encodeDocument(snapshot));
    const pointer = { v: 1, counter: NEWEST, digest: samplesDigest(snapshot), people: 1, photos: 2 };
    await this.objects.replace(layout.latestSamples(storageId), encodeDocument(pointer), null);
    await this.registry.createPerson({ id: 'per_1', storageId, name: 'Ann', externalId: null, metadata: {}, createdAt: addedAt });
    await this.add(older);
    await this.registry.raiseCounter(storageId, counter);
  }

  async add(sha256: string): Promise<void> {
    await this.registry.addPhoto({ storageId, personId: 'per_1', sha256, sizeBytes: 1, addedAt, quality: aFace().quality, shared: false });
    await this.registry.bumpCounter(storageId);
  }

  async latest(): Promise<{ readonly counter: number; readonly photos: readonly string[] }> {
    const read = async (key: string): Promise<Uint8Array> => (await this.objects.read(key))?.bytes ?? new Uint8Array();
    const { counter } = decodeDocument(latestPointerSchema, await read(layout.latestSamples(storageId)), 'latest');
    const { people } = decodeDocument(snapshotSchema, await read(layout.samples(storageId, counter)), 'snapshot');
    return { counter, photos: people.flatMap(({ photos }) => photos) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cutter.close();
    await this.messaging.close();
  }
}

describe('a registry that is older than the snapshots beside it', () => {
  it.each([1, 40, 44, 45])(
    'at counter %i: a photo that is taken in is in a snapshot of a number that was not given before',
    async (counter) => {
      await using restored = new Restored({ active: null });
      await restored.lay(counter - 1);
      await restored.add('c'.repeat(64));
      const cut = await restored.cutter.cutNow(storageId);
      expect(cut).toBeGreaterThan(NEWEST);
      expect(await restored.latest()).toEqual({ counter: cut, photos: [older, 'c'.repeat(64)] });
    },
  );

  it('is brought forward by the sweep before anybody takes the version that answers for trained on newer photos', async () => {
    await using restored = new Restored({ active: NEWEST, sweepMs: 10 });
    await restored.lay(40);
    for (let tries = 0; (await restored.latest()).counter === NEWEST && tries < 200; tries++) await systemClock.sleep(10);
    expect(await restored.latest()).toEqual({ counter: NEWEST + 1, photos: [older] });
    expect(await restored.registry.bumpCounter(storageId)).toBeGreaterThan(NEWEST + 1);
  });
});
