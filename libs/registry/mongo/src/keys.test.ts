import { keysBelow, rowKey } from './keys.js';

describe('the key of a row', () => {
  it('is read as it stands where its parts are ids and digests', () => {
    expect(rowKey('fm-1', 'per_a', 'abc')).toBe('fm-1 per_a abc');
  });

  it.each([
    [['a b'], ['a', 'b']],
    [['a', ''], ['a']],
    [['a%20;b'], ['a b']],
    [['é'], ['e\u0301']],
    [['\uD800'], ['\uFFFD']],
  ])('of %j is none of %j', (one, other) => {
    expect(rowKey(...one)).not.toBe(rowKey(...other));
  });

  it('sorts as the tuple of its parts, also where one part begins another', () => {
    const tuples = [
      ['a', 'z'],
      ['a-b', 'a'],
      ['a.b', 'a'],
      ['ab', 'a'],
    ] as const;
    expect(tuples.map((parts) => rowKey(...parts)).sort()).toEqual(tuples.map((parts) => rowKey(...parts)));
  });

  it('is below that of its first parts, and of no other', () => {
    const { $gt, $lt } = keysBelow(['fm-1']);
    const isBelow = (key: string): boolean => key > $gt && key < $lt;
    expect([rowKey('fm-1', 'per_a'), rowKey('fm-1', 'a', 'b')].map(isBelow)).toEqual([true, true]);
    expect([rowKey('fm-1'), rowKey('fm-11', 'a'), rowKey('fm-1-a', 'a'), rowKey('fm-0', 'a')].map(isBelow)).not.toContain(true);
  });
});
