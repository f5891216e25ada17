import { FaceHashError, seededRandom } from '@facehash/kernel';
import { turnsDuring } from '../../testing/turns.js';
import { imageOfText } from './image-text.js';

/** Bytes whose base64 holds every character of the alphabet, and padding. */
const image = Buffer.from(seededRandom(7).bytes(4099));
/** The same over many slices. */
const large = Buffer.alloc(211_000, image);

type Form = [name: string, of: (base64: string, bytes: Buffer) => string];

const inLines = (base64: string): string[] => base64.match(/.{1,76}/g) ?? [];
const everyPercent = (text: string): string => text.replace(/./gs, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

const forms: Form[] = [
  ['plain base64', (base64) => base64],
  ['base64 without padding', (base64) => base64.replace(/=+$/, '')],
  ['the alphabet for URLs', (_, bytes) => bytes.toString('base64url')],
  ['lines of 76 characters, as base64 writes them', (base64) => `${inLines(base64).join('\n')}\n`],
  ['lines with carriage returns', (base64) => inLines(base64).join('\r\n')],
  ['lines whose breaks became spaces', (base64) => inLines(base64).join(' ')],
  ['a line for each character', (base64) => base64.split('').join('\n')],
  ['plus turned into space by a form parser', (base64) => base64.replaceAll('+', ' ')],
  ['percent-encoded by a form', (base64) => encodeURIComponent(base64)],
  ['percent-encoded in small letters', (base64) => encodeURIComponent(base64).replace(/%[0-9A-F]{2}/g, (e) => e.toLowerCase())],
  ['percent-encoded in every character', (base64) => everyPercent(base64)],
  ['percent-encoded lines', (base64) => encodeURIComponent(inLines(base64).join('\r\n'))],
  ['a form field without a value', (base64) => `${encodeURIComponent(base64)}=`],
  ['a form field with a name', (base64) => `image=${base64}`],
  ['Python’s str() of bytes', (base64) => `b'${base64}'`],
  ['Python’s str() of bytes in double quotes', (base64) => `b"${base64}"`],
  ['Python’s str() of bytes, percent-encoded', (base64) => encodeURIComponent(`b'${base64}'`)],
  ['Python’s str() of bytes as a form field without a value', (base64) => `b'${base64}'=`],
  ['a string in quotes', (base64) => `"${base64}"`],
  ['a data URI', (base64) => `data:image/jpeg;base64,${base64}`],
  ['a data URI with a parameter', (base64) => `data:image/png;charset=utf-8;base64,${base64}`],
  ['a data URI in capitals with a file name', (base64) => `DATA:IMAGE/JPEG;name=a%20b.jpg;BASE64,${base64}`],
  ['a data URI of Python behind a field name', (base64) => `image=b'data:image/png;base64,${base64}'`],
  ['blanks around it', (base64) => `  \n${base64}\n `],
  ['percent-encoded blanks around it', (base64) => `%20%0A${base64}%0a%20`],
];

const read = (text: string): Promise<Buffer> => imageOfText(Buffer.from(text));

describe('an image in text', () => {
  it('is a fair sample: its base64 has plus, slash and padding', () => {
    expect(image.toString('base64')).toMatch(/\+.*\/|\/.*\+/);
    expect(image.toString('base64')).toMatch(/=$/);
    expect(large.toString('base64')).toMatch(/==$/);
  });

  it.each(forms)('is read from %s', async (_, of) => {
    expect((await read(of(image.toString('base64'), image))).equals(image)).toBe(true);
  });

  it.each(forms)('is read from %s over many slices, wherever they are cut', async (_, of) => {
    const text = of(large.toString('base64'), large);
    for (const shift of [0, 1, 2, 3]) expect((await read(' '.repeat(shift) + text)).equals(large)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['blanks', ' \n '],
    ['blanks over many slices', ' '.repeat(200_000)],
    ['padding alone', '===='],
    ['empty quotes', "b''"],
    ['prose', 'this is not an image!'],
    ['a quote that nothing closes', "b'AAAA"],
    ['more after the padding', 'A+A=AAAA'],
    ['half an escape', 'AAAA%4'],
    ['an escape of an escape', '%2541AAA'],
    ['letters of another alphabet that end in the same byte', 'ŁŁŁŁ'],
    ['a length that base64 never has', image.toString('base64').slice(0, 4097)],
    ['a character in a later slice', `${'A'.repeat(200_000)}!`],
    ['a URL, which is never fetched', 'http://127.0.0.1/face.jpg'],
    ['JSON', '{"image": 1}'],
  ])('is refused for %s', async (_, text) => {
    await expect(read(text)).rejects.toThrow(FaceHashError);
    await expect(read(text)).rejects.toThrow('The image could not be decoded');
  });

  it('is what it was before slices: spaces are plus but for whole lines', async () => {
    for (const text of [`${'A'.repeat(60)} AAAA`, `${'A'.repeat(60)} ${'A'.repeat(64)}`, 'AAA AAAA', `${'A'.repeat(62)} A`, "' AAA'"]) {
      const breaks = text.startsWith('A'.repeat(60) + ' ') && text.length < 70;
      const base64 = text.replaceAll("'", '').replaceAll(' ', breaks ? '' : '+');
      const expected = base64.length % 4 === 1 ? 'refused' : Buffer.from(base64, 'base64').toString('hex');
      expect(
        await read(text).then(
          (bytes) => bytes.toString('hex'),
          () => 'refused',
        ),
      ).toBe(expected);
    }
  });

  it('holds no more memory than its own', async () => {
    const text = Buffer.from(everyPercent(large.toString('base64')));
    expect((await imageOfText(text)).buffer.byteLength).toBe(large.length);
  });

  it.each([
    ['base64', 'AbC+'],
    ['escapes', '%41'],
    ['a line for each character', 'A\n'],
    ['a space for each character', 'A '],
    ['blanks', ' '],
  ])('lets the event loop turn while it is read from %s', async (_, pattern) => {
    const turns = await turnsDuring(imageOfText(Buffer.alloc(2 ** 21, pattern)).catch(() => undefined));
    // 32 slices, of which the event loop turns between any two.
    expect(turns).toBeGreaterThanOrEqual(31);
  });
});
