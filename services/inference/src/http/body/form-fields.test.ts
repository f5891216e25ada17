import { turnsDuring } from '../../testing/turns.js';
import { FieldCollector } from './form-fields.js';

const limits = { partBytesMax: 2 ** 22, partsMax: 10 };

/** Read in chunks of that size, as nobody chooses where a socket cuts. */
async function fieldsOf(text: string, chunkBytes = text.length, within = limits): Promise<(readonly [string, string])[]> {
  const collector = new FieldCollector(within);
  const body = Buffer.from(text);
  for (let at = 0; at < body.length; at += chunkBytes) await collector.write(body.subarray(at, at + chunkBytes));
  await collector.end();
  return collector.whole().map(({ name, value }) => [name, value] as const);
}

describe('an urlencoded body', () => {
  it.each<[string, string, [string, string][]]>([
    [
      'names and values',
      'a=1&b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['escapes in both', '%61%5b%5D=%C3%A9%2b', [['a[]', 'é+']]],
    ['plus for space', 'a+b=c+d', [['a b', 'c d']]],
    ['more equals signs', 'a=AA==', [['a', 'AA==']]],
    [
      'an escape that is none',
      'a=%4&b=%zz%%41',
      [
        ['a', '%4'],
        ['b', '%zz%A'],
      ],
    ],
    ['an escape that the end cuts', 'a=1%4', [['a', '1%4']]],
    [
      'no value',
      'a&b=&c',
      [
        ['a', ''],
        ['b', ''],
        ['c', ''],
      ],
    ],
    ['no name', '=1', [['', '1']]],
    ['nothing between', '&&a=1&&', [['a', '1']]],
    ['nothing', '', []],
    ['a name without end', 'x'.repeat(500), [['x'.repeat(100), '']]],
  ])('gives its fields with %s, wherever it is cut', async (_, text, fields) => {
    for (const chunkBytes of [1, 2, 3, 7, 1000]) expect(await fieldsOf(text, chunkBytes)).toEqual(fields);
  });

  it('may be three times as large as its values, and those only as large as is allowed', async () => {
    const within = { partBytesMax: 1000, partsMax: 2 };
    expect(await fieldsOf(`a=${'%41'.repeat(1000)}`, 64, within)).toEqual([['a', 'A'.repeat(1000)]]);
    await expect(fieldsOf(`a=${'%41'.repeat(1001)}`, 64, within)).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
    await expect(fieldsOf('a=1&b=2&c=3', 64, within)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('lets the event loop turn while it is read', async () => {
    expect(await turnsDuring(fieldsOf(`a=${'%41'.repeat(2 ** 20)}`))).toBeGreaterThanOrEqual(47);
  });
});
