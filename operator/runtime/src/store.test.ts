import fc from 'fast-check';
import { Store } from './store.js';

const object = (name: string, labels: Record<string, string> = {}) => ({ metadata: { name, labels } });
const byColour = { colour: ({ metadata }: ReturnType<typeof object>) => Object.values(metadata.labels) };

describe('the objects of a cache', () => {
  it('are found by what the index says of them, after any changes', () => {
    const change = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      colour: fc.constantFrom('red', 'blue', undefined),
      gone: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const store = new Store(byColour);
        const model = new Map<string, ReturnType<typeof object>>();
        for (const { key, colour, gone } of changes) {
          const next = object(key, colour === undefined ? {} : { colour });
          const before = model.get(key);
          expect(gone ? store.delete(key) : store.set(key, next)).toBe(before);
          if (gone) model.delete(key);
          else model.set(key, next);
          for (const value of ['red', 'blue']) {
            const found = [...store.byIndex('colour', value)].map(({ metadata }) => metadata.name).sort();
            const expected = [...model.values()].filter(({ metadata }) => metadata.labels['colour'] === value);
            expect(found).toEqual(expected.map(({ metadata }) => metadata.name).sort());
          }
        }
      }),
    );
  });

  it('are not found by an index that nobody declared: that is a mistake and no empty answer', () => {
    expect(() => new Store(byColour).byIndex('color', 'red')).toThrow('there is no index color');
  });

  it('stay as they were when an index throws', () => {
    const store = new Store({
      fussy: ({ metadata }: ReturnType<typeof object>) => {
        if (metadata.labels['bad'] !== undefined) throw new Error('fussy');
        return ['all'];
      },
    });
    store.set('a', object('a'));
    expect(() => store.set('a', object('a', { bad: 'yes' }))).toThrow('fussy');
    expect(store.byIndex('fussy', 'all')).toEqual([object('a')]);
  });
});
