import { layout } from '@facehash/artifacts';
import { FaceHashError, seededRandom, silentLogger, systemClock } from '@facehash/kernel';
import { aModelState } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import type { Person } from '@facehash/registry-core';
import { InMemoryRegistry } from '@facehash/registry-core/testing';
import { aFace } from '@facehash/vision-core/testing';
import { PeopleProjector } from './people-projection.js';
import { openSnapshotCutter, type SnapshotCutter } from './snapshot-cutter.js';

const model = aModelState();
const { storageId } = model;
const addedAt = '2026-01-01T00:00:00.000Z';
const time = { clock: systemClock, random: seededRandom(1) };

/** A row of somebody and of a photo of theirs, and nobody has been told their name. */
class Half implements AsyncDisposable {
  readonly registry = new InMemoryRegistry();
  readonly objects = new InMemoryObjectStore();
  readonly messaging = openLocalMessaging({ clock: systemClock });
  readonly ann: Person = { id: 'per_1', storageId, name: 'Ann', externalId: null, metadata: {}, createdAt: addedAt };
  #cutter: SnapshotCutter | undefined;

  static async taken(): Promise<Half> {
    const half = new Half();
    await half.registry.createPerson(half.ann);
    const photo = { storageId, personId: half.ann.id, sha256: 'a'.repeat(64), sizeBytes: 1, addedAt, quality: aFace().quality };
    await half.registry.addPhoto({ ...photo, shared: false });
    await half.registry.bumpCounter(storageId);
    return half;
  }

  cutter(people = this.messaging.people): SnapshotCutter {
    const { registry, objects, messaging } = this;
    this.#cutter ??= openSnapshotCutter({
      registry,
      objects,
      commands: messaging.commands,
      people,
      rules: () => model,
      logger: silentLogger,
      ...time,
    });
    return this.#cutter;
  }

  async names(): Promise<Readonly<Record<string, string>> | undefined> {
    return (await this.messaging.people.get(storageId))?.value.names;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cutter?.close();
    await this.messaging.close();
  }
}

describe('somebody who was made while their name could not be written', () => {
  it('has it before a snapshot tells of them', async () => {
    await using half = await Half.taken();
    expect(await half.cutter().cutNow(storageId)).toBe(1);
    expect(await half.names()).toEqual({ per_1: 'Ann' });
  });

  it('is in no snapshot while it still cannot be written', async () => {
    await using half = await Half.taken();
    const away = { ...half.messaging.people, get: () => Promise.reject(new FaceHashError('STORE_UNAVAILABLE')) };
    await expect(half.cutter(away as never).cutNow(storageId)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await half.objects.read(layout.latestSamples(storageId))).toBeUndefined();
  });
});

describe('bringing names to what the registry says', () => {
  it('does not bring back the name of somebody who is renamed meanwhile', async () => {
    await using half = await Half.taken();
    const { registry, messaging, ann } = half;
    const projector = new PeopleProjector(messaging.people, registry, time);
    const people = registry.people.bind(registry);
    let renamed = false;
    registry.people = async (...args) => {
      const page = await people(...args);
      // The page is on its way while another replica renames her, in both places.
      if (!renamed) {
        renamed = true;
        await registry.changePerson(storageId, ann.id, { name: 'Anna' });
        await projector.name(ann);
      }
      return page;
    };
    await projector.sync(storageId);
    expect(await half.names()).toEqual({ per_1: 'Anna' });
  });
});

describe('a change of one person after messaging lost all names', () => {
  it.each<[string, (projector: PeopleProjector, half: Half) => Promise<void>, Readonly<Record<string, string>>]>([
    ['a rename', (projector) => projector.name({ storageId, id: 'per_1' }), { per_1: 'Ann', per_2: 'Ben', per_3: 'Cem' }],
    [
      'an erasure',
      async (projector, { registry }) => {
        await registry.erasePerson(storageId, 'per_2', addedAt);
        await projector.erase(storageId, 'per_2', addedAt);
      },
      { per_1: 'Ann', per_3: 'Cem' },
    ],
  ])('leaves everybody else theirs: %s', async (_, change, names) => {
    await using half = await Half.taken();
    const { registry, messaging, ann } = half;
    await registry.createPerson({ ...ann, id: 'per_2', name: 'Ben' });
    await registry.createPerson({ ...ann, id: 'per_3', name: 'Cem' });
    await change(new PeopleProjector(messaging.people, registry, time), half);
    expect(await half.names()).toEqual(names);
  });
});
