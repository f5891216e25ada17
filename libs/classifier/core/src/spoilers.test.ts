import { builtInConstants } from './constants.js';
import { spoilers } from './spoilers.js';
import { aGallery } from './testing/index.js';

const rule = { falseAcceptTarget: 0.01, constants: builtInConstants };
const gallery = aGallery({ people: 8, photos: 6 });
const known = new Set(gallery.map((s) => s.personId));
const of = (personId: string) => gallery.filter((s) => s.personId === personId);
/** Other photos of the same faces: another sample digest, a little elsewhere. */
const again = (personId: string, as: string) =>
  of(personId).map((s, i) => ({
    ...s,
    personId: as,
    photo: `f${i}${s.photo.slice(2)}`,
    descriptor: s.descriptor.map((v, k) => v + 0.01 * Math.sin(i * 50 + k)),
  }));

describe('newcomers who spoil others', () => {
  it('are found when they are somebody who is enrolled already, with whom they take from', () => {
    const [found] = spoilers([...gallery, ...again('per_0003', 'per_new')], known, rule);
    expect(found).toMatchObject({ personId: 'per_new', victimId: 'per_0003', of: expect.any(Number) });
    expect(found?.taken).toBeGreaterThanOrEqual(2);
  });

  it('are not everybody who joins: a gallery may grow to five times its size', () => {
    const others = aGallery({ people: 40, photos: 4, seed: 9 }).map((s) => ({ ...s, personId: `new_${s.personId}` }));
    expect(spoilers([...gallery, ...others], known, rule)).toEqual([]);
  });

  it('are told apart from those who came with them', () => {
    const fine = aGallery({ people: 3, photos: 4, seed: 9 }).map((s) => ({ ...s, personId: `new_${s.personId}` }));
    const found = spoilers([...gallery, ...fine, ...again('per_0001', 'per_new')], known, rule);
    expect(new Set(found.map((s) => s.personId))).toEqual(new Set(['per_new']));
  });

  it('are nobody where nobody joined, and where nobody was known', () => {
    expect(spoilers(gallery, known, rule)).toEqual([]);
    expect(spoilers(gallery, new Set(), rule)).toEqual([]);
  });

  it('must take at least two photos', () => {
    const two = gallery.filter((s) => s.personId !== 'per_0003').concat(of('per_0003').slice(0, 1));
    expect(spoilers([...two, ...again('per_0003', 'per_new')], known, rule)).toEqual([]);
  });
});
