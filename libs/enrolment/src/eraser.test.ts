import { encodeDocument, layout } from '@facehash/artifacts';
import { FaceHashError, seededRandom, sha256Hex, silentLogger, systemClock } from '@facehash/kernel';
import type { FaceHashEvent, ModelState } from '@facehash/messaging-core';
import { aModelState, aReplicaReport } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import type { Erasure } from '@facehash/registry-core';
import { aPerson, aPhoto, InMemoryRegistry } from '@facehash/registry-core/testing';
import { eventually } from '@facehash/testing';
import { openEraser, type Eraser } from './eraser.js';
import { PeopleProjector } from './people-projection.js';
import { openSnapshotCutter, type SnapshotCutter } from './snapshot-cutter.js';

const ann = aPerson('Ann');
const ben = aPerson('Ben');
const { storageId } = ann;
const model = aModelState({ storageId, debounceSeconds: 0.01 });
const context = { clock: systemClock, random: seededRandom(1), logger: silentLogger };

/** The erasing loop over stores that outlive it, with Ann and Ben enrolled; the test plays the controller and the replicas. */
class Machine implements AsyncDisposable {
  readonly registry = new InMemoryRegistry();
  readonly objects = new InMemoryObjectStore();
  readonly messaging = openLocalMessaging({ clock: systemClock });
  readonly cutter: SnapshotCutter;
  /** Whom this replica names no more, whatever the projection says. */
  readonly maskedHere = new Set<string>();
  eraser: Eraser;

  constructor() {
    const { registry, objects, messaging } = this;
    this.cutter = openSnapshotCutter({
      registry,
      objects,
      commands: messaging.commands,
      people: messaging.people,
      rules: () => model,
      ...context,
    });
    this.eraser = this.#open();
  }

  async enrolled(): Promise<this> {
    const projector = new PeopleProjector(this.messaging.people, this.registry, context);
    for (const person of [ann, ben]) {
      await this.registry.createPerson(person);
      await projector.name(person);
      for (const content of [`${person.name} 1`, `${person.name} 2`]) {
        const photo = aPhoto(person, content);
        await this.rowless(content, person.id);
        await this.registry.addPhoto(photo);
      }
    }
    await this.registry.bumpCounter(storageId);
    await this.publish({});
    return this;
  }

  /** A photo with its stages, as it is stored before it has a row. */
  async rowless(content: string, personId = ann.id): Promise<void> {
    const sha256 = sha256Hex(content);
    await this.objects.create(layout.photo(storageId, personId, sha256), new TextEncoder().encode(content));
    for (const stage of [layout.landmarks, layout.features]) await this.objects.create(stage(storageId, 'p1', sha256), encodeDocument({}));
  }

  async publish(state: Partial<ModelState>): Promise<void> {
    const before = await this.messaging.models.get(storageId);
    await this.messaging.models.put(storageId, { ...model, ...state }, before?.revision ?? null);
  }

  /** What the replica reports of itself. */
  async replica(peopleRevision: number): Promise<void> {
    const before = await this.messaging.replicas.get('one');
    const report = aReplicaReport({ replica: 'one', storageId: null, at: new Date().toISOString(), peopleRevision });
    await this.messaging.replicas.put('one', report, before?.revision ?? null);
  }

  async keysOf(part: string): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const { key } of this.objects.list(`${storageId}/${part}`)) keys.push(key);
    return keys;
  }

  async until(accept: (erasure: Erasure) => boolean): Promise<Erasure> {
    return eventually(async () => {
      const erasure = await this.registry.erasure(storageId, ann.id);
      return erasure && accept(erasure) ? erasure : undefined;
    });
  }

  async restart(): Promise<void> {
    await this.eraser.close();
    this.eraser = this.#open();
  }

  #open(): Eraser {
    const { registry, objects, messaging, cutter } = this;
    return openEraser({
      registry,
      objects,
      messaging,
      cutter,
      pipelines: ['p1'],
      mask: (_, personId) => void this.maskedHere.add(personId),
      ...context,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.eraser.close();
    await this.cutter.close();
    await this.messaging.close();
  }
}

describe('erasing a person', () => {
  it('masks them and takes them out of the samples before it is acknowledged', async () => {
    await using machine = await new Machine().enrolled();
    const erasure = await machine.eraser.erasePerson(model, ann.id);
    expect(erasure).toMatchObject({ personId: ann.id, photos: 2, completedAt: null });
    expect(erasure.maskedAt).not.toBeNull();
    const projection = (await machine.messaging.people.get(storageId))?.value;
    expect(projection).toMatchObject({ names: { [ben.id]: 'Ben' }, tombstones: { [ann.id]: erasure.requestedAt } });
    expect(projection?.names[ann.id]).toBeUndefined();
    expect(await machine.registry.person(storageId, ann.id)).toBeUndefined();
    expect(await machine.registry.counter(storageId)).toBeGreaterThan(1);
  });

  it('deletes photos and stages at once, and nobody else’s', async () => {
    await using machine = await new Machine().enrolled();
    await machine.eraser.erasePerson(model, ann.id);
    await eventually(async () => (await machine.keysOf('photos/')).length === 2);
    expect((await machine.keysOf('photos/')).every((key) => key.includes(ben.id))).toBe(true);
    expect(await machine.keysOf('stages/')).toHaveLength(4);
  });

  it('deletes what a pipeline that is no longer used has left', async () => {
    await using machine = await new Machine().enrolled();
    const left = layout.features(storageId, 'own-01234567', sha256Hex('Ann 1'));
    await machine.objects.create(left, encodeDocument({}));
    await machine.eraser.erasePerson(model, ann.id);
    await eventually(async () => (await machine.keysOf('stages/')).length === 4);
    expect(await machine.objects.read(left)).toBeUndefined();
  });

  it('is complete when nothing that is stored lists them, and the receipt and an event say so', async () => {
    await using machine = await new Machine().enrolled();
    await machine.eraser.erasePerson(model, ann.id);
    // Features that a run which had begun before has written meanwhile, and a photo that was being taken in.
    const sha256 = sha256Hex('Ann 1');
    await eventually(async () => (await machine.keysOf('stages/')).length === 4);
    await machine.objects.create(layout.features(storageId, 'p1', sha256), encodeDocument({}));
    // Another whose caller hung up before it had a row, and one that Ben is on, too.
    await machine.rowless('late');
    await machine.rowless('Ben 1');
    await machine.publish({ erased: [ann.id] });
    const { completedAt, maskedAt } = await machine.until((e) => e.completedAt !== null);
    expect(maskedAt).not.toBeNull();
    expect(await machine.keysOf('photos/')).toHaveLength(2);
    expect(await machine.keysOf('')).toHaveLength(6 + (await machine.keysOf('samples/')).length);
    const event = await eventually(() => firstEvent(machine));
    expect(event).toMatchObject({ type: 'dev.facehash.person.erased', data: { personId: ann.id, completedAt, photos: 2 } });
    expect(JSON.stringify(event)).not.toContain('Ann');
    expect((await machine.messaging.people.get(storageId))?.value.tombstones).toEqual({});
  });

  it.each<[string, (machine: Machine, once: () => void) => void]>([
    [
      'the names',
      ({ messaging }, once) => {
        const put = messaging.people.put.bind(messaging.people);
        messaging.people.put = (key, value, ...rest) => {
          if (value.tombstones[ann.id] === undefined) once();
          return put(key, value, ...rest);
        };
      },
    ],
    [
      'the event',
      ({ messaging }, once) => {
        const publish = messaging.events.publish.bind(messaging.events);
        messaging.events.publish = async (...args) => {
          once();
          return publish(...args);
        };
      },
    ],
  ])('drops the tombstone and tells of it also where %s could not be written at first', async (_, failing) => {
    await using machine = await new Machine().enrolled();
    await machine.eraser.erasePerson(model, ann.id);
    let failed = 0;
    failing(machine, () => {
      if (failed++ === 0) throw new FaceHashError('STORE_UNAVAILABLE');
    });
    await machine.publish({ erased: [ann.id] });
    await machine.until((e) => e.completedAt !== null);
    expect(failed).toBeGreaterThan(1);
    expect((await machine.messaging.people.get(storageId))?.value.tombstones).toEqual({});
    expect(await firstEvent(machine)).toMatchObject({ type: 'dev.facehash.person.erased', data: { personId: ann.id } });
  });

  it('is not said to be masked while a replica answers by an older projection', async () => {
    await using machine = await new Machine().enrolled();
    await machine.replica(1);
    const asked = machine.eraser.erasePerson(model, ann.id);
    const { revision } = await eventually(() => projectionWithout(machine));
    expect((await machine.registry.erasure(storageId, ann.id))?.maskedAt).toBeNull();
    await machine.replica(revision);
    expect((await asked).maskedAt).not.toBeNull();
  });

  it('is noticed by a replica that can reach nothing but the registry, which masks them by itself', async () => {
    await using machine = await new Machine().enrolled();
    await machine.messaging.close();
    await machine.registry.erasePerson(storageId, ann.id, '2026-02-01T00:00:00.000Z');
    await machine.restart();
    await eventually(() => machine.maskedHere.has(ann.id));
    expect(machine.maskedHere).toEqual(new Set([ann.id]));
  });

  it('is counted with its age until it is complete', async () => {
    await using machine = await new Machine().enrolled();
    expect(machine.eraser.figures()).toEqual({ masking: 0, erasing: 0, oldestSeconds: 0 });
    await machine.replica(1);
    await machine.registry.erasePerson(storageId, ann.id, new Date(Date.now() - 3_600_000).toISOString());
    await machine.restart();
    await eventually(() => machine.eraser.figures().masking === 1);
    expect(machine.eraser.figures().oldestSeconds).toBeGreaterThanOrEqual(3600);
    await machine.replica((await eventually(() => projectionWithout(machine))).revision);
    await eventually(() => machine.eraser.figures().erasing === 1);
    await machine.publish({ erased: [ann.id] });
    await eventually(() => machine.eraser.figures().erasing === 0);
    expect(machine.eraser.figures()).toEqual({ masking: 0, erasing: 0, oldestSeconds: 0 });
  });

  it('goes on after a crash right after it was written down', async () => {
    await using machine = await new Machine().enrolled();
    await machine.registry.erasePerson(storageId, ann.id, '2026-02-01T00:00:00.000Z');
    await machine.restart();
    await machine.until((e) => e.maskedAt !== null);
    await eventually(async () => (await machine.registry.counter(storageId)) > 1);
    await machine.publish({ erased: [ann.id] });
    await machine.until((e) => e.completedAt !== null);
  });

  it('asked for again gives the receipt as far as it has come, and PERSON_NOT_FOUND for who never was', async () => {
    await using machine = await new Machine().enrolled();
    const first = await machine.eraser.erasePerson(model, ann.id);
    expect(await machine.eraser.erasePerson(model, ann.id)).toEqual(first);
    expect(await machine.eraser.erasure(model, ann.id)).toEqual(first);
    expect((await machine.eraser.erasures(model, { limit: 10 })).items).toEqual([first]);
    await expect(machine.eraser.erasePerson(model, 'per_nobody')).rejects.toMatchObject({ code: 'PERSON_NOT_FOUND' });
    await expect(machine.eraser.erasure(model, ben.id)).rejects.toMatchObject({ code: 'ERASURE_NOT_FOUND' });
  });
});

describe('removing a photo', () => {
  const photoId = sha256Hex('Ann 1');

  it('takes its bytes and stages away, and the next snapshot is without it', async () => {
    await using machine = await new Machine().enrolled();
    const counter = await machine.eraser.removePhoto(model, ann.id, photoId);
    expect(counter).toBe(2);
    await eventually(async () => (await machine.objects.read(layout.photo(storageId, ann.id, photoId))) === undefined);
    expect(await machine.objects.read(layout.features(storageId, 'p1', photoId))).toBeUndefined();
    const snapshot = await eventually(() => machine.objects.read(layout.samples(storageId, counter)));
    expect(new TextDecoder().decode(snapshot.bytes)).not.toContain(photoId);
    await expect(machine.eraser.removePhoto(model, ann.id, photoId)).rejects.toMatchObject({ code: 'PHOTO_NOT_FOUND' });
  });

  it('is counted by the loop where the call could not', async () => {
    await using machine = await new Machine().enrolled();
    const { registry } = machine;
    await machine.cutter.cutNow(storageId);
    const bump = registry.bumpCounter.bind(registry);
    registry.bumpCounter = (...args) => {
      registry.bumpCounter = bump;
      return Promise.reject(new FaceHashError('STORE_UNAVAILABLE', { args }));
    };
    await expect(machine.eraser.removePhoto(model, ann.id, photoId)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const snapshot = await eventually(() => machine.objects.read(layout.samples(storageId, 2)));
    expect(new TextDecoder().decode(snapshot.bytes)).not.toContain(photoId);
  });
});

async function firstEvent({ messaging }: Machine): Promise<FaceHashEvent | undefined> {
  for await (const event of messaging.events.subscribe({ storageId, afterId: 'from the beginning' }, AbortSignal.timeout(50))) return event;
  return undefined;
}

async function projectionWithout({ messaging }: Machine) {
  const value = (await messaging.people.get(storageId))?.value;
  return value?.tombstones[ann.id] === undefined ? undefined : value;
}
