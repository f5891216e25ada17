import { FaceHashError } from '@facehash/kernel';
import { turnsDuring } from '../../testing/turns.js';
import { ByteBudget } from './byte-budget.js';
import { fromAnything } from './image-body.js';
import { jsonPieces, jsonPiecesOf, jsonTextOf, type JsonPiece } from './json-photos.js';

const base64 = 'AbC+/9zZ'.repeat(10_000);
const escaped = (text: string): string => text.replace(/./gs, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

async function all(pieces: AsyncIterable<JsonPiece>): Promise<JsonPiece[]> {
  const list: JsonPiece[] = [];
  for await (const piece of pieces) list.push(piece);
  return list;
}

const piecesOf = (text: string, keys = ['image', 'images']) => all(jsonPiecesOf(Buffer.from(text), keys));
const pathOf = async (work: Promise<unknown>): Promise<unknown> => {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  return error instanceof FaceHashError ? error.details['problems'] : error;
};

describe('JSON in memory', () => {
  it.each([
    ['as it is', JSON.stringify(base64), base64],
    ['in escapes', `"${escaped(base64)}"`, base64],
    ['of characters with two bytes', JSON.stringify('é'.repeat(40_001)), 'é'.repeat(40_001)],
    ['of characters with four bytes', JSON.stringify('🙂'.repeat(20_001)), '🙂'.repeat(20_001)],
    ['of characters in two escapes', `"${'\\ud83d\\ude42'.repeat(9000)}"`, '🙂'.repeat(9000)],
  ])('gives a text %s, wherever its slices are cut', async (_, json, text) => {
    for (const shift of [0, 1, 2, 3, 4, 5]) {
      const blanks = ' '.repeat(shift);
      expect(await piecesOf(`${blanks}{"image":${json}}`)).toEqual([{ key: 'image', value: text }]);
      expect(await jsonTextOf(Buffer.from(`${blanks}${json}\n`))).toBe(text);
    }
  });

  it.each([
    ['two texts', '"a" "b"'],
    ['a text and a member', '"a","":"b"'],
    ['a text and the end of an object', '"a"}'],
    ['half a text', '"a'],
    ['a text that is not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ])('is no text by itself with %s', async (_, body) => {
    await expect(jsonTextOf(Buffer.from(body))).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('is read no further than to the first key that nobody knows', async () => {
    // What comes after it is not even JSON.
    expect(await pathOf(piecesOf('{"image":"AAAA","a":1,]]]]'))).toEqual([{ path: 'a', message: 'is not known here' }]);
    expect(await pathOf(piecesOf(`{"${'k'.repeat(300)}":1}`))).toEqual([{ path: 'k'.repeat(100), message: 'is not known here' }]);
    const body = Buffer.from(`{${'"a":1,'.repeat(300_000)}"a":1}`);
    expect(await turnsDuring(all(jsonPiecesOf(body, ['image'])).catch(() => undefined))).toBeLessThan(3);
  });

  it('tells a key from a value', async () => {
    expect(await pathOf(piecesOf('{"image":"a":1}'))).toEqual([
      { path: 'body', message: expect.stringContaining('is not JSON') as unknown },
    ]);
    expect(await piecesOf('{"images":["a","b"],"image":"c"}')).toHaveLength(4);
  });

  it.each([
    ['a text', `{"image":"${'A'.repeat(2 ** 21)}"}`],
    ['escapes', `{"image":"${'\\u0041'.repeat(2 ** 19)}"}`],
    ['a number', `{"image":${'1'.repeat(2 ** 21)}}`],
    ['blanks', `{${' '.repeat(2 ** 21)}}`],
    ['a key', `{"${'k'.repeat(2 ** 21)}":1}`],
    ['small values', `{"images":["A"${',"A"'.repeat(2 ** 19)}]}`],
  ])('lets the event loop turn while it reads %s', async (_, json) => {
    const turns = await turnsDuring(piecesOf(json).catch(() => undefined));
    // 128 slices at least, of which the event loop turns between any two.
    expect(turns).toBeGreaterThanOrEqual(127);
  });
});

describe('JSON as it arrives', () => {
  it('lets the event loop turn within a large chunk, and gives back what it charged', async () => {
    const budget = new ByteBudget(2 ** 23);
    using held = budget.claim();
    async function* chunks() {
      yield Buffer.from(`{"images":["${'A'.repeat(2 ** 21)}"]}`);
    }
    const work = all(jsonPieces(chunks(), { keys: ['images'], valueBytesMax: 2 ** 22, held }));
    expect(await turnsDuring(work)).toBeGreaterThanOrEqual(127);
    expect(await work).toMatchObject([{ index: 0 }, { key: 'images' }]);
    expect(budget.held).toBe(0);
  });
});

describe('an image in JSON', () => {
  it.each([
    ['an object', `{"image":"${escaped(base64)}"}`],
    ['an object with blanks that only JSON can write', `{"image":"\\ufeff\\n${base64}\\u00a0"}`],
    ['an object with a data URI', `{"image":"data:image\\/png;base64,${base64}"}`],
  ])('is read from %s in the memory of the body, which is charged for the text as well', async (_, json) => {
    const body = Buffer.from(json);
    const budget = new ByteBudget(body.length);
    using held = budget.claim();
    expect(await fromAnything(body, held)).toEqual(Buffer.from(base64, 'base64'));
    expect(budget.held).toBe(body.length);
  });

  it.each([
    ['is given twice', '{"image":"AAAA","image":"AAAA"}'],
    ['is missing', '{}'],
    ['must be a string: the image in base64', '{"image":1}'],
    ['must not be a list', '{"image":["AAAA"]}'],
  ])('%s', async (message, json) => {
    using held = new ByteBudget(1000).claim();
    expect(await pathOf(fromAnything(Buffer.from(json), held))).toEqual([{ path: 'image', message }]);
  });
});
