import type { Person, Photo, Registry } from '../ports.js';
import { aPerson, aPhoto } from './builders.js';
import { describeErasures } from './erasure-contract.js';
import { collect, times } from './several.js';

const ELSEWHERE = 'fm-0002-test';
const invalid = { code: 'REQUEST_INVALID' };

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
        expect(await registry.counts(storageId)).toEqual({ people: 1, photos: 0 });
      });

      it('exists as the one who holds the name, when another holds the id', async () => {
        await registry.createPerson(ben);
        await registry.createPerson(ann);
        expect(await registry.createPerson({ ...ben, name: 'Ann' })).toEqual({ outcome: 'exists', person: ann });
      });

      it('is created by exactly one of ten who try at once', async () => {
        const tried = await Promise.all(times(10, (i) => registry.createPerson({ ...ann, id: `per_${i}` })));
        expect(tried.filter((t) => t.outcome === 'created')).toHaveLength(1);
        expect(new Set(tried.map((t) => t.person.id)).size).toBe(1);
        expect(await registry.counts(storageId)).toEqual({ people: 1, photos: 0 });
      });

      it('belongs to one model: the same name and the same id in another are somebody else', async () => {
        await registry.createPerson(ann);
        const elsewhere = { ...ann, storageId: ELSEWHERE, externalId: 'elsewhere' };
        expect((await registry.createPerson(elsewhere)).outcome).toBe('created');
        await registry.changePerson(ELSEWHERE, ann.id, { name: 'Anne' });
        expect(await registry.person(storageId, ann.id)).toEqual(ann);
        expect(await registry.personByName(ELSEWHERE, 'Ann')).toBeUndefined();
        expect(await registry.person(ELSEWHERE, ben.id)).toBeUndefined();
      });

      it.each([
        ['another case', 'ann'],
        ['the same letters in another Unicode form', 'é'.normalize('NFD'), 'é'.normalize('NFC')],
        ['another space', 'Ann '],
        ['what a pattern would match', '%'],
      ])('has a name that is not %s', async (_, other, own = 'Ann') => {
        await registry.createPerson({ ...ann, name: own });
        expect(await registry.personByName(storageId, other)).toBeUndefined();
        expect((await registry.createPerson({ ...ben, name: other })).outcome).toBe('created');
        expect((await registry.personByName(storageId, own))?.id).toBe(ann.id);
      });

      it('keeps what its owner wrote about it, in any script', async () => {
        const person: Person = {
          ...ann,
          name: '山田 🙂 O’Neil "x"',
          externalId: 'badge-7',
          metadata: { 'floor.$': '3', ключ: '值' },
        };
        await registry.createPerson(person);
        expect(await registry.person(storageId, ann.id)).toEqual(person);
        expect(await registry.personByName(storageId, person.name)).toEqual(person);
      });

      it('changes what it is told to and keeps the rest', async () => {
        const person = { ...ann, externalId: 'badge-7', metadata: { floor: '3', door: 'a' } };
        await registry.createPerson(person);
        const changed = { ...person, name: 'Anne', metadata: { floor: '4' } };
        expect(await registry.changePerson(storageId, ann.id, { name: 'Anne', metadata: { floor: '4' } })).toEqual(changed);
        expect(await registry.person(storageId, ann.id)).toEqual(changed);
        expect(await registry.personByName(storageId, 'Ann')).toBeUndefined();
        expect(await registry.changePerson(storageId, ann.id, { externalId: null })).toEqual({ ...changed, externalId: null });
        expect(await registry.changePerson(storageId, ann.id, {})).toEqual({ ...changed, externalId: null });
        expect(await registry.changePerson(storageId, ann.id, { name: 'Anne' })).toBeDefined();
        expect(await registry.changePerson(storageId, 'per_nobody', { name: 'X' })).toBeUndefined();
      });

      it('loses nothing when several fields are changed at once by several', async () => {
        await registry.createPerson(ann);
        await Promise.all([
          registry.changePerson(storageId, ann.id, { name: 'Anne' }),
          registry.changePerson(storageId, ann.id, { externalId: 'badge-7' }),
          registry.changePerson(storageId, ann.id, { metadata: { floor: '3' } }),
        ]);
        expect(await registry.person(storageId, ann.id)).toEqual({ ...ann, name: 'Anne', externalId: 'badge-7', metadata: { floor: '3' } });
      });

      it('does not take a name that another holds', async () => {
        await registry.createPerson(ann);
        await registry.createPerson(ben);
        await expect(registry.changePerson(storageId, ben.id, { name: 'Ann', externalId: 'x' })).rejects.toMatchObject({
          code: 'PERSON_EXISTS',
        });
        expect(await registry.person(storageId, ben.id)).toEqual(ben);
      });

      it('gets a name that ten want at once only as one of them', async () => {
        const people = times(10, (i) => aPerson(`P${i}`));
        for (const person of people) await registry.createPerson(person);
        const wishes = await Promise.allSettled(people.map(({ id }) => registry.changePerson(storageId, id, { name: 'Ann' })));
        expect(wishes.filter((w) => w.status === 'fulfilled')).toHaveLength(1);
        for (const wish of wishes) if (wish.status === 'rejected') expect(wish.reason).toMatchObject({ code: 'PERSON_EXISTS' });
      });

      it('comes in pages, in the order of ids, each once', async () => {
        const all = times(7, (i) => aPerson(`P${6 - i}`, { id: `per_${i}` }));
        for (const person of [...all].reverse()) await registry.createPerson(person);
        await registry.createPerson(aPerson('Elsewhere', { storageId: ELSEWHERE, id: 'per_3a' }));
        const first = await registry.people(storageId, { limit: 3 });
        const second = await registry.people(storageId, { limit: 3, after: first.next ?? '' });
        const third = await registry.people(storageId, { limit: 3, after: second.next ?? '' });
        expect([first, second, third].map((page) => page.items)).toEqual([all.slice(0, 3), all.slice(3, 6), all.slice(6)]);
        expect(third.next).toBeNull();
        expect(await registry.people(storageId, { limit: 7 })).toEqual({ items: all, next: null });
        expect(await registry.people('nobody', { limit: 7 })).toEqual({ items: [], next: null });
      });

      it.each([0, -1, 1.5, 1001, Number.NaN])('does not come in pages of %p', async (limit) => {
        await expect(registry.people(storageId, { limit })).rejects.toMatchObject(invalid);
        await expect(registry.photos(storageId, ann.id, { limit })).rejects.toMatchObject(invalid);
      });
    });

    describe('a photo', () => {
      beforeEach(async () => {
        await registry.createPerson(ann);
        await registry.createPerson(ben);
      });

      it('is added once per person; the first row stays', async () => {
        const photo = aPhoto(ann, 'one', { quality: { sizePx: 81.25, sharpness: 0.1, brightness: 127.5, turn: 0.25 } });
        expect(await registry.addPhoto(photo)).toBe('added');
        expect(await registry.addPhoto(aPhoto(ann, 'one', { addedAt: '2027-01-01T00:00:00.000Z' }))).toBe('duplicate');
        expect(await registry.photos(storageId, ann.id, { limit: 10 })).toEqual({ items: [photo], next: null });
      });

      it('is added by exactly one of ten who try at once', async () => {
        const tried = await Promise.all(times(10, () => registry.addPhoto(aPhoto(ann, 'race'))));
        expect(tried.filter((t) => t === 'added')).toHaveLength(1);
        expect(await registry.counts(storageId)).toEqual({ people: 2, photos: 1 });
      });

      it('needs its person, of the same model', async () => {
        await expect(registry.addPhoto(aPhoto(aPerson('Nobody')))).rejects.toMatchObject({ code: 'PERSON_NOT_FOUND' });
        await expect(registry.addPhoto(aPhoto(ann, 'x', { storageId: ELSEWHERE }))).rejects.toMatchObject({ code: 'PERSON_NOT_FOUND' });
        expect(await registry.counts(storageId)).toEqual({ people: 2, photos: 0 });
        expect(await registry.counts(ELSEWHERE)).toEqual({ people: 0, photos: 0 });
      });

      it('belongs to whoever had it first, and to nobody else of the model', async () => {
        expect(await registry.addPhoto(aPhoto(ben, 'both'))).toBe('added');
        expect(await registry.addPhoto(aPhoto(ann, 'both'))).toBe('otherPerson');
        await registry.addPhoto(aPhoto(ann, 'another'));
        expect(await registry.photosBySha256(storageId, aPhoto(ann, 'both').sha256)).toEqual([aPhoto(ben, 'both')]);
        expect(await registry.photosBySha256(ELSEWHERE, aPhoto(ann, 'both').sha256)).toEqual([]);
        const eve = aPerson('Eve', { storageId: ELSEWHERE });
        await registry.createPerson(eve);
        expect(await registry.addPhoto(aPhoto(eve, 'both'))).toBe('added');
      });

      it('may be shared by two who know of it', async () => {
        await registry.addPhoto(aPhoto(ben, 'both'));
        expect(await registry.addPhoto({ ...aPhoto(ann, 'both'), shared: true })).toBe('added');
        expect(await registry.addPhoto({ ...aPhoto(ann, 'both'), shared: true })).toBe('duplicate');
        const holders = await registry.photosBySha256(storageId, aPhoto(ann, 'both').sha256);
        expect(holders).toEqual([aPhoto(ann, 'both'), aPhoto(ben, 'both')].sort(byPerson));
      });

      it('goes to exactly one of two people who try at once', async () => {
        // Once, the two may miss each other, and then nothing is learnt.
        for (const race of times(20, (i) => `race ${i}`)) {
          const tried = await Promise.all([registry.addPhoto(aPhoto(ann, race)), registry.addPhoto(aPhoto(ben, race))]);
          expect([...tried].sort()).toEqual(['added', 'otherPerson']);
        }
      });

      it('comes in pages, in the order of digests, each once', async () => {
        const all = times(5, (i) => aPhoto(ann, `photo ${i}`)).sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
        for (const photo of times(5, (i) => aPhoto(ann, `photo ${i}`))) await registry.addPhoto(photo);
        await registry.addPhoto(aPhoto(ben, 'photo of another'));
        const first = await registry.photos(storageId, ann.id, { limit: 3 });
        const second = await registry.photos(storageId, ann.id, { limit: 3, after: first.next ?? '' });
        expect([first.items, second.items]).toEqual([all.slice(0, 3), all.slice(3)]);
        expect(second.next).toBeNull();
      });

      it('is counted, and all of one model are read in order', async () => {
        const all = times(5, (i) => aPhoto(i % 2 ? ann : ben, `photo ${i}`));
        for (const photo of all) await registry.addPhoto(photo);
        const eve = aPerson('Eve', { storageId: ELSEWHERE });
        await registry.createPerson(eve);
        await registry.addPhoto(aPhoto(eve));
        expect(await registry.counts(storageId)).toEqual({ people: 2, photos: 5 });
        expect(await collect(registry.allPhotos(storageId))).toEqual([...all].sort(byPerson));
        expect(await collect(registry.allPhotos('nobody'))).toEqual([]);
      });
    });

    describe('the counter', () => {
      it('begins at 0, grows by one, and never gives a value twice', async () => {
        expect(await registry.counter(storageId)).toBe(0);
        const given = await Promise.all(times(20, () => registry.bumpCounter(storageId)));
        expect([...given].sort((a, b) => a - b)).toEqual(times(20, (i) => i + 1));
        expect(await registry.counter(storageId)).toBe(20);
      });

      it('is raised and never lowered', async () => {
        expect(await registry.raiseCounter(storageId, 7)).toBe(7);
        expect(await registry.raiseCounter(storageId, 3)).toBe(7);
        expect(await registry.bumpCounter(storageId)).toBe(8);
        expect([await registry.counter(storageId), await registry.counter(ELSEWHERE)]).toEqual([8, 0]);
      });

      it('is one per model, and all are listed', async () => {
        expect(await collect(registry.counters())).toEqual([]);
        for (const id of [ELSEWHERE, storageId, storageId]) await registry.bumpCounter(id);
        expect(await collect(registry.counters())).toEqual([
          { storageId, counter: 2 },
          { storageId: ELSEWHERE, counter: 1 },
        ]);
      });
    });

    describe('what goes', () => describeErasures(() => registry));

    describe('a model that is erased', () => {
      it('leaves no row, and others as they were', async () => {
        await registry.createPerson(ann);
        for (const photo of times(5, (i) => aPhoto(ann, `photo ${i}`))) await registry.addPhoto(photo);
        await registry.bumpCounter(storageId);
        await registry.createPerson(ben);
        await registry.addPhoto(aPhoto(ben, 'of ben'));
        await registry.erasePerson(storageId, ben.id, '2026-01-01T00:00:00.000Z');
        const elsewhere = { ...ann, storageId: ELSEWHERE };
        await registry.createPerson(elsewhere);
        await registry.addPhoto(aPhoto(elsewhere));
        await registry.bumpCounter(ELSEWHERE);
        await registry.eraseModel(storageId);
        expect(await registry.people(storageId, { limit: 10 })).toEqual({ items: [], next: null });
        expect(await collect(registry.allPhotos(storageId))).toEqual([]);
        expect([await registry.counts(storageId), await registry.counter(storageId)]).toEqual([{ people: 0, photos: 0 }, 0]);
        expect([await registry.erasure(storageId, ben.id), await collect(registry.removals())]).toEqual([undefined, []]);
        expect(await registry.counts(ELSEWHERE)).toEqual({ people: 1, photos: 1 });
        expect(await collect(registry.counters())).toEqual([{ storageId: ELSEWHERE, counter: 1 }]);
      });

      it('may be erased again, and its id be used anew', async () => {
        await registry.eraseModel(storageId);
        await registry.createPerson(ann);
        await registry.eraseModel(storageId);
        await registry.eraseModel(storageId);
        expect((await registry.createPerson(ann)).outcome).toBe('created');
        expect(await registry.counts(storageId)).toEqual({ people: 1, photos: 0 });
      });
    });

    it('hands out copies: what a caller does to them changes nothing', async () => {
      const person: Person = { ...ann, metadata: { floor: '3' } };
      await registry.createPerson(person);
      Object.assign(person.metadata, { floor: 'changed before' });
      Object.assign((await registry.person(storageId, ann.id))?.metadata ?? {}, { floor: 'changed after' });
      expect((await registry.person(storageId, ann.id))?.metadata).toEqual({ floor: '3' });
    });

    it('does nothing for a signal that has aborted, and gives its reason', async () => {
      const enough = new Error('enough');
      const signal = AbortSignal.abort(enough);
      await registry.createPerson(ben);
      for (const call of [
        () => registry.createPerson(ann, signal),
        () => registry.person(storageId, ben.id, signal),
        () => registry.personByName(storageId, 'Ben', signal),
        () => registry.people(storageId, { limit: 1 }, signal),
        () => registry.changePerson(storageId, ben.id, { name: 'Benny' }, signal),
        () => registry.addPhoto(aPhoto(ben), signal),
        () => registry.photosBySha256(storageId, 'x', signal),
        () => registry.photos(storageId, ben.id, { limit: 1 }, signal),
        () => collect(registry.allPhotos(storageId, signal)),
        () => registry.counts(storageId, signal),
        () => registry.bumpCounter(storageId, signal),
        () => registry.counter(storageId, signal),
        () => registry.raiseCounter(storageId, 7, signal),
        () => collect(registry.counters(signal)),
        () => registry.photo(storageId, ben.id, 'x', signal),
        () => registry.erasePerson(storageId, ben.id, 'now', signal),
        () => registry.erasure(storageId, ben.id, signal),
        () => registry.erasures(storageId, { limit: 1 }, signal),
        () => collect(registry.openErasures(signal)),
        () => registry.advanceErasure(storageId, ben.id, {}, signal),
        () => registry.removePhoto({ ...aPhoto(ben), removedAt: 'now' }, signal),
        () => collect(registry.removals(signal)),
        () => registry.removalDone(aPhoto(ben), signal),
        () => registry.eraseModel(storageId, signal),
      ]) {
        await expect(call()).rejects.toBe(enough);
      }
      expect(await registry.people(storageId, { limit: 10 })).toEqual({ items: [ben], next: null });
      expect([await registry.counts(storageId), await registry.counter(storageId)]).toEqual([{ people: 1, photos: 0 }, 0]);
    });
  });
}

function byPerson(a: Photo, b: Photo): number {
  return `${a.personId}/${a.sha256}` < `${b.personId}/${b.sha256}` ? -1 : 1;
}
