import type { Registry } from '../ports.js';
import { aPerson, aPhoto } from './builders.js';
import { collect, times } from './several.js';

const ELSEWHERE = 'fm-0002-test';
const AT = '2026-02-01T00:00:00.000Z';
const LATER = '2026-02-02T00:00:00.000Z';

/** The part of the registry's contract about people and photos that go. */
export function describeErasures(current: () => Registry): void {
  const ann = aPerson('Ann');
  const ben = aPerson('Ben');
  const { storageId } = ann;
  const erasure = { storageId, personId: ann.id, requestedAt: AT, photos: 2, maskedAt: null, completedAt: null };
  let registry: Registry;

  beforeEach(async () => {
    registry = current();
    for (const person of [ann, ben]) await registry.createPerson(person);
    for (const photo of [aPhoto(ann, 'one'), aPhoto(ann, 'two'), aPhoto(ben, 'three')]) await registry.addPhoto(photo);
  });

  describe('an erasure', () => {
    it('takes the person and their photos out of every reading, and nobody else', async () => {
      expect(await registry.erasePerson(storageId, ann.id, AT)).toEqual(erasure);
      expect(await registry.person(storageId, ann.id)).toBeUndefined();
      expect(await registry.personByName(storageId, 'Ann')).toBeUndefined();
      expect((await registry.people(storageId, { limit: 10 })).items).toEqual([ben]);
      expect((await registry.photos(storageId, ann.id, { limit: 10 })).items).toEqual([]);
      expect(await registry.photo(storageId, ann.id, aPhoto(ann, 'one').sha256)).toBeUndefined();
      expect(await registry.photosBySha256(storageId, aPhoto(ann, 'one').sha256)).toEqual([]);
      expect(await collect(registry.allPhotos(storageId))).toEqual([aPhoto(ben, 'three')]);
      expect(await registry.counts(storageId)).toEqual({ people: 1, photos: 1 });
    });

    it('asked for again, also by ten at once, is the same one', async () => {
      await Promise.all(times(10, () => registry.erasePerson(storageId, ann.id, AT)));
      expect(await registry.erasePerson(storageId, ann.id, LATER)).toEqual(erasure);
      expect(await registry.counts(storageId)).toEqual({ people: 1, photos: 1 });
    });

    it('of somebody who never was, or of another model, is none', async () => {
      expect(await registry.erasePerson(storageId, 'per_nobody', AT)).toBeUndefined();
      expect(await registry.erasePerson(ELSEWHERE, ann.id, AT)).toBeUndefined();
      expect(await registry.person(storageId, ann.id)).toEqual(ann);
      expect(await registry.erasure(storageId, ann.id)).toBeUndefined();
      expect(await registry.advanceErasure(storageId, ann.id, { maskedAt: AT })).toBeUndefined();
    });

    it('lets nothing be added to whom it erased, and frees the name for somebody else', async () => {
      await registry.erasePerson(storageId, ann.id, AT);
      await expect(registry.addPhoto(aPhoto(ann, 'late'))).rejects.toMatchObject({ code: 'PERSON_NOT_FOUND' });
      const anew = { ...ann, id: 'per_another' };
      expect(await registry.createPerson(anew)).toEqual({ outcome: 'created', person: anew });
      expect(await registry.addPhoto(aPhoto(anew, 'one'))).toBe('added');
    });

    it('goes on by steps, each taken once, until it is completed', async () => {
      await registry.erasePerson(storageId, ann.id, AT);
      expect(await registry.advanceErasure(storageId, ann.id, { maskedAt: AT })).toEqual({ ...erasure, maskedAt: AT });
      expect(await registry.advanceErasure(storageId, ann.id, { maskedAt: LATER })).toEqual({ ...erasure, maskedAt: AT });
      const completed = { ...erasure, maskedAt: AT, completedAt: LATER };
      expect(await registry.advanceErasure(storageId, ann.id, { completedAt: LATER })).toEqual(completed);
      expect(await registry.erasure(storageId, ann.id)).toEqual(completed);
    });

    it('is listed with its model, and among the open ones of all models until it is completed', async () => {
      const eve = aPerson('Eve', { storageId: ELSEWHERE });
      await registry.createPerson(eve);
      await registry.erasePerson(ELSEWHERE, eve.id, AT);
      for (const { id } of [ann, ben]) await registry.erasePerson(storageId, id, AT);
      await registry.advanceErasure(storageId, ben.id, { completedAt: LATER });
      const ids = [ann.id, ben.id].sort();
      const [first, second] = [
        await registry.erasures(storageId, { limit: 1 }),
        await registry.erasures(storageId, { limit: 1, after: ids[0] ?? '' }),
      ];
      expect([...first.items, ...second.items].map((e) => e.personId)).toEqual(ids);
      expect((await collect(registry.openErasures())).map((e) => e.personId)).toEqual([ann.id, eve.id]);
    });
  });

  describe('the removal of a photo', () => {
    const one = aPhoto(ann, 'one');
    const removal = { storageId, personId: ann.id, sha256: one.sha256, removedAt: AT };

    it('takes that photo out of every reading, once', async () => {
      expect(await registry.photo(storageId, ann.id, one.sha256)).toEqual(one);
      expect(await registry.removePhoto(removal)).toBe(true);
      expect(await registry.removePhoto(removal)).toBe(false);
      expect(await registry.photo(storageId, ann.id, one.sha256)).toBeUndefined();
      expect((await registry.photos(storageId, ann.id, { limit: 10 })).items).toEqual([aPhoto(ann, 'two')]);
      expect(await registry.counts(storageId)).toEqual({ people: 2, photos: 2 });
      expect(await registry.removePhoto({ ...removal, personId: ben.id })).toBe(false);
    });

    it('is noted until its bytes are gone, and until then the same photo of theirs is not taken in', async () => {
      await registry.removePhoto(removal);
      expect(await collect(registry.removals())).toEqual([removal]);
      expect(await registry.addPhoto(one)).toBe('beingRemoved');
      await registry.removalDone(removal);
      await registry.removalDone(removal);
      expect(await collect(registry.removals())).toEqual([]);
      expect(await registry.addPhoto(one)).toBe('added');
    });

    it('does not keep the photo from somebody else', async () => {
      await registry.removePhoto(removal);
      expect(await registry.addPhoto(aPhoto(ben, 'one'))).toBe('added');
    });

    it('is noted of every photo of a person who is erased, beside those of before', async () => {
      await registry.removePhoto(removal);
      await registry.erasePerson(storageId, ann.id, LATER);
      const two = { ...removal, sha256: aPhoto(ann, 'two').sha256, removedAt: LATER };
      expect(await collect(registry.removals())).toEqual([removal, two].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1)));
    });
  });
}
