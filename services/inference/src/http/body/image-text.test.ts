import { FaceHashError, seededRandom } from '@facehash/kernel';
import { imageOfText } from './image-text.js';

/** Bytes whose base64 holds every character of the alphabet, and padding. */
const image = Buffer.from(seededRandom(7).bytes(4099));
const base64 = image.toString('base64');
const lines = base64.match(/.{1,76}/g) ?? [];

describe('an image in text', () => {
  it('is a fair sample: its base64 has plus, slash and padding', () => {
    expect(base64).toMatch(/\+.*\/|\/.*\+/);
    expect(base64).toMatch(/=$/);
  });

  it.each([
    ['plain base64', base64],
    ['base64 without padding', base64.replace(/=+$/, '')],
    ['the alphabet for URLs', image.toString('base64url')],
    ['lines of 76 characters, as base64 writes them', `${lines.join('\n')}\n`],
    ['lines with carriage returns', lines.join('\r\n')],
    ['lines whose breaks became spaces', lines.join(' ')],
    ['plus turned into space by a form parser', base64.replaceAll('+', ' ')],
    ['percent-encoded by a form', encodeURIComponent(base64)],
    [
      'percent-encoded in small letters',
      encodeURIComponent(base64).toLowerCase() === '' ? '' : encodeURIComponent(base64).replace(/%[0-9A-F]{2}/g, (e) => e.toLowerCase()),
    ],
    ['a form field without a value', `${encodeURIComponent(base64)}=`],
    ['a form field with a name', `image=${base64}`],
    ['Python’s str() of bytes', `b'${base64}'`],
    ['Python’s str() of bytes in double quotes', `b"${base64}"`],
    ['Python’s str() of bytes, percent-encoded', encodeURIComponent(`b'${base64}'`)],
    ['a string in quotes', `"${base64}"`],
    ['a data URI', `data:image/jpeg;base64,${base64}`],
    ['a data URI with a parameter', `data:image/png;charset=utf-8;base64,${base64}`],
    ['blanks around it', `  \n${base64}\n `],
  ])('is read from %s', (_, text) => {
    expect(imageOfText(text).equals(image)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['blanks', ' \n '],
    ['prose', 'this is not an image!'],
    ['a length that base64 never has', base64.slice(0, 4097)],
    ['a URL, which is never fetched', 'http://127.0.0.1/face.jpg'],
    ['JSON', '{"image": 1}'],
  ])('is refused for %s', (_, text) => {
    expect(() => imageOfText(text)).toThrow(FaceHashError);
    expect(() => imageOfText(text)).toThrow('The image could not be decoded');
  });

  it('costs time in proportion to the length', () => {
    const began = performance.now();
    imageOfText(Buffer.alloc(15 * 2 ** 20, 65).toString('base64'));
    expect(() => imageOfText(`${'a='.repeat(2 ** 20)}%`)).toThrow(FaceHashError);
    expect(() => imageOfText(`${'a '.repeat(2 ** 20)}!`)).toThrow(FaceHashError);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
