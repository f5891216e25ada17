import { encodeDocument, layout } from '@facehash/artifacts';
import { seededRandom, systemClock } from '@facehash/kernel';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { takeTerm } from './term.js';

const time = { clock: systemClock, random: seededRandom(1) };
const { signal } = new AbortController();

describe('the term of a controller', () => {
  it('is one more than that of the one before', async () => {
    const objects = new InMemoryObjectStore();
    expect([await takeTerm(objects, time, signal), await takeTerm(objects, time, signal)]).toEqual([1, 2]);
  });

  it('is each controller’s own when several start at once', async () => {
    const objects = new InMemoryObjectStore();
    const terms = await Promise.all(Array.from({ length: 8 }, () => takeTerm(objects, time, signal)));
    expect(terms.sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('is not guessed where the last one cannot be read', async () => {
    const objects = new InMemoryObjectStore();
    await objects.create(layout.controllerTerm, encodeDocument({ v: 2 }));
    await expect(takeTerm(objects, time, signal)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
  });
});
