import type { Registry } from '../ports.js';
import { aPerson, aPhoto } from './builders.js';

/** What every registry promises. Runs against the fake and against each real adapter. */
export function describeRegistryContract(name: string, open: () => Promise<{ readonly registry: Registry; close(): Promise<void> }>): void {
  describe(`registry contract: ${name}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let registry: Registry;
    const ann = aPerson('Ann');
    const ben = aPerson('Ben');
    const { storageId } = ann;
    beforeEach(async () => {
      opened = await open();
      registry = opened.registry;
    });
    afterEach(() => opened.close());

    describe('a person', () => {
      it('is created once, by id and by name, and found by both', async () => {
        expect(await registry.createPerson(ann)).toEqual({ outcome: 'created', person: ann });
        expect(await registry.createPerson({ ...ann, id: 'per_other' })).toEqual({ outcome: 'exists', person: ann });
        expect(await registry.createPerson({ ...ann, name: 'Other' })).toEqual({ outcome: 'exists', person: ann });
        expect(await registry.person(storageId, ann.id)).toEqual(ann);
        expect(await registry.personByName(storageId, 'Ann')).toEqual(ann);
        expect(await registry.personByName(storageId, 'ann')).toBeUndefined();
      });

      it('is created by exactly one of ten who try at once', async () => {
        const tried = await Promise.all(Array.from({ length: 10 }, (_, i) => registry.createPerson({ ...ann, id: `per_${i}` })));
        expect(tried.filter((t) => t.outcome === 'created')).toHaveLength(1);
        expect(new Set(tried.map((t) => t.person.id)).size).toBe(1);
      });

      it('belongs to one model: the same name in another is somebody else', async () => {
        await registry.createPerson(ann);
        const elsewhere = { ...ann, id: 'per_elsewhere', storageId: 'fm-0002-test' };
        expect((await registry.createPerson(elsewhere)).outcome).toBe('created');
        expect(await registry.person('fm-0002-test', ann.id)).toBeUndefined();
      });

      it('keeps its metadata and external id, and changes what it is told to', async () => {
        const person = { ...ann, externalId: 'badge-7', metadata: { floor: '3' } };
        await registry.createPerson(person);
        expect(await registry.changePerson(storageId, ann.id, { name: 'Anne', metadata: { floor: '4' } })).toEqual({ ...person, name: 'Anne', metadata: { floor: '4' } });
        expect(await registry.personByName(storageId, 'Ann')).toBeUndefined();
        expect((await registry.person(storageId, ann.id))?.externalId).toBe('badge-7');
      });

      it('does not take a name that another holds', async () => {
        await registry.createPerson(ann);
        await registry.createPerson(ben);
        await expect(registry.changePerson(storageId, ben.id, { name: 'Ann' })).rejects.toMatchObject({ code: 'PERSON_EXISTS' });
        expect(await registry.changePerson(storageId, 'per_nobody', { name: 'X' })).toBeUndefined();
      });

      it('comes in pages, in the order of ids, each once', async () => {
        const all = Array.from({ length: 7 }, (_, i) => aPerson(`P${i}`, { id: `per_${i}` }));
        for (const person of [...all].reverse()) await registry.createPerson(person);
        const first = await registry.people(storageId, { limit: 3 });
        const second = await registry.people(storageId, { limit: 3, after: first.next ?? '' });
        const third = await registry.people(storageId, { limit: 3, after: second.next ?? '' });
        expect([...first.items, ...second.items, ...third.items]).toEqual(all);
        expect(third.next).toBeNull();
        expect((await registry.people(storageId, { limit: 7 })).next).toBeNull();
      });
    });

    describe('a photo', () => {
      beforeEach(async () => {
        await registry.createPerson(ann);
        await registry.createPerson(ben);
      });

      it('is added once per person; the first row stays', async () => {
        expect(await registry.addPhoto(aPhoto(ann, 'one'))).toBe('added');
        expect(await registry.addPhoto(aPhoto(ann, 'one', { addedAt: 'later' }))).toBe('duplicate');
        expect((await registry.photos(storageId, ann.id, { limit: 10 })).items).toEqual([aPhoto(ann, 'one')]);
      });

      it('is added by exactly one of ten who try at once', async () => {
        const tried = await Promise.all(Array.from({ length: 10 }, () => registry.addPhoto(aPhoto(ann, 'race'))));
        expect(tried.filter((t) => t === 'added')).toHaveLength(1);
      });

      it('needs its person, of the same model', async () => {
        await expect(registry.addPhoto(aPhoto(aPerson('Nobody')))).rejects.toMatchObject({ code: 'PERSON_NOT_FOUND' });
        await expect(registry.addPhoto(aPhoto(ann, 'x', { storageId: 'fm-0002-test' }))).rejects.toMatchObject({ code: 'PERSON_NOT_FOUND' });
      });

      it('is found under everyone who has it', async () => {
        await registry.addPhoto(aPhoto(ann, 'both'));
        await registry.addPhoto(aPhoto(ben, 'both'));
        const found = await registry.photosBySha256(storageId, aPhoto(ann, 'both').sha256);
        expect(found.map((p) => p.personId).sort()).toEqual([ann.id, ben.id].sort());
        expect(await registry.photosBySha256('fm-0002-test', aPhoto(ann, 'both').sha256)).toEqual([]);
      });

      it('is counted, and all are read in order', async () => {
        for (let i = 0; i < 5; i++) await registry.addPhoto(aPhoto(i % 2 ? ann : ben, `photo ${i}`));
        expect(await registry.counts(storageId)).toEqual({ people: 2, photos: 5 });
        const all = await collect(registry.allPhotos(storageId));
        const keys = all.map((p) => `${p.personId}/${p.sha256}`);
        expect(keys).toHaveLength(5);
        expect([...keys].sort()).toEqual(keys);
      });
    });

    describe('the counter', () => {
      it('begins at 0, grows by one, and never gives a value twice', async () => {
        expect(await registry.counter(storageId)).toBe(0);
        const given = await Promise.all(Array.from({ length: 20 }, () => registry.bumpCounter(storageId)));
        expect([...given].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
        expect(await registry.counter(storageId)).toBe(20);
        await registry.bumpCounter('fm-0002-test');
        expect(await collect(registry.counters())).toEqual([
          { storageId, counter: 20 },
          { storageId: 'fm-0002-test', counter: 1 },
        ]);
      });
    });

    it('does nothing for a signal that has aborted, and gives its reason', async () => {
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(registry.createPerson(ann, signal)).rejects.toThrow('enough');
      await expect(registry.bumpCounter(storageId, signal)).rejects.toThrow('enough');
      expect(await registry.counter(storageId)).toBe(0);
    });
  });
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
