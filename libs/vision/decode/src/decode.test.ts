import sharp from 'sharp';
import { decode, prepareDecoder, type Decoded } from './decode.js';

beforeAll(prepareDecoder);

const red = { r: 200, g: 30, b: 40 };
const image = (width: number, height: number, options: object = {}) =>
  sharp({ create: { width, height, channels: 3, background: red, ...options } });
/** Red on the left half, blue on the right one. */
const halves = image(80, 60).composite([
  { input: { create: { width: 40, height: 60, channels: 3, background: { r: 20, g: 30, b: 220 } } }, left: 40, top: 0 },
]);

async function picture(bytes: Uint8Array) {
  const decoded = await decode(bytes);
  if (!decoded.readable) throw new Error(`${decoded.problem}: ${decoded.detail}`);
  return decoded.picture;
}
const colourAt = ({ rgb }: Extract<Decoded, { readable: true }>['picture'], x: number, y: number) => [
  ...rgb.data.subarray((y * rgb.width + x) * 3, (y * rgb.width + x) * 3 + 3),
];
/** Lossy formats move a colour a little. */
const near = (colour: readonly number[]) => colour.map((value) => expect.closeTo(value, -1.2) as number);

describe('decoding', () => {
  it.each([
    ['JPEG', halves.clone().jpeg({ quality: 95 })],
    ['progressive JPEG', halves.clone().jpeg({ quality: 95, progressive: true })],
    ['PNG', halves.clone().png()],
    ['palette PNG', halves.clone().png({ palette: true })],
    ['16-bit PNG', halves.clone().toColourspace('rgb16').png()],
    ['WebP', halves.clone().webp({ quality: 95 })],
    ['GIF', halves.clone().gif()],
    ['AVIF', halves.clone().avif({ quality: 90 })],
    ['TIFF', halves.clone().tiff()],
  ])('reads %s as 8-bit RGB', async (_, encoder) => {
    const read = await picture(await encoder.toBuffer());
    expect(read).toMatchObject({ width: 80, height: 60, rgb: { width: 80, height: 60 } });
    expect(read.rgb.data).toHaveLength(80 * 60 * 3);
    expect(colourAt(read, 10, 30)).toEqual(near([200, 30, 40]));
    expect(colourAt(read, 70, 30)).toEqual(near([20, 30, 220]));
  });

  it('reads a CMYK JPEG as RGB, as near as ink comes', async () => {
    const read = await picture(await image(64, 64).toColourspace('cmyk').jpeg().toBuffer());
    const [r = 0, g = 0, b = 0] = colourAt(read, 5, 5);
    expect(r).toBeGreaterThan(120);
    expect(Math.max(g, b)).toBeLessThan(90);
    expect(read.rgb.data).toHaveLength(64 * 64 * 3);
  });

  it('reads grey images as RGB', async () => {
    const read = await picture(await image(40, 40).toColourspace('b-w').png().toBuffer());
    const [r, g, b] = colourAt(read, 5, 5);
    expect([r, g]).toEqual([g, b]);
    expect(read.rgb.data).toHaveLength(40 * 40 * 3);
  });

  it('shows what is transparent as white', async () => {
    const read = await picture(
      await image(40, 40, { channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } })
        .png()
        .toBuffer(),
    );
    expect(colourAt(read, 5, 5)).toEqual([255, 255, 255]);
  });

  it('turns as the EXIF orientation says', async () => {
    const stored = await halves.clone().withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer();
    const read = await picture(stored);
    expect(read).toMatchObject({ width: 60, height: 80 });
    expect(colourAt(read, 30, 10)).toEqual(near([200, 30, 40]));
    expect(colourAt(read, 30, 70)).toEqual(near([20, 30, 220]));
  });

  it('takes the first frame of an animation', async () => {
    const frames = [
      Buffer.from(await image(40, 40).png().toBuffer()),
      await image(40, 40, { background: { r: 0, g: 0, b: 250 } })
        .png()
        .toBuffer(),
    ];
    const read = await picture(
      await sharp(frames, { join: { animated: true } })
        .gif()
        .toBuffer(),
    );
    expect(read).toMatchObject({ width: 40, height: 40 });
    expect(colourAt(read, 5, 5)).toEqual(near([200, 30, 40]));
  });

  it('works on a smaller copy of a very large image', async () => {
    const read = await picture(await image(4200, 2100).jpeg().toBuffer());
    expect(read).toMatchObject({ width: 4200, height: 2100, rgb: { width: 2048, height: 1024 } });
  });
});

/** The same JPEG with another size in its header. */
function sized(jpeg: Buffer, width: number, height: number): Buffer {
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  jpeg.writeUInt16BE(height, frame + 5);
  jpeg.writeUInt16BE(width, frame + 7);
  return jpeg;
}

/** With its last scan again and again, `between` before each. */
function inScans(jpeg: Buffer, times: number, between = Buffer.alloc(0)): Buffer {
  const last = jpeg.lastIndexOf(Buffer.from([0xff, 0xda]));
  const again = Buffer.concat([between, jpeg.subarray(last, -2)]);
  return Buffer.concat([jpeg.subarray(0, -2), ...Array.from({ length: times }, () => again), jpeg.subarray(-2)]);
}

describe('what is not decoded', () => {
  const jpeg = () => halves.clone().jpeg().toBuffer();
  /** A PNG of 20,000 x 20,000 pixels by its header, and next to nothing in it. */
  const bomb = async (): Promise<Buffer> => {
    const bytes = await image(64, 64).png().toBuffer();
    bytes.writeUInt32BE(20_000, 16);
    bytes.writeUInt32BE(20_000, 20);
    return bytes;
  };

  it.each([
    ['nothing', () => Buffer.alloc(0), 'IMAGE_UNREADABLE'],
    ['text', () => Buffer.from('no picture at all'), 'IMAGE_UNREADABLE'],
    ['a truncated JPEG', async () => (await jpeg()).subarray(0, 200), 'IMAGE_UNREADABLE'],
    [
      'a JPEG cut in its pixels',
      async () =>
        (
          await image(600, 600, { noise: { type: 'gaussian', mean: 128, sigma: 40 } })
            .jpeg()
            .toBuffer()
        ).subarray(0, 20_000),
      'IMAGE_UNREADABLE',
    ],
    [
      'an SVG',
      () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><rect width="9" height="9"/></svg>'),
      'IMAGE_UNREADABLE',
    ],
    ['one pixel too few on the shorter side', () => image(300, 31).png().toBuffer(), 'IMAGE_TOO_SMALL'],
    ['a size that its decoder does not take for one', async () => sized(await jpeg(), 65_535, 65_535), 'IMAGE_TOO_LARGE'],
    [
      'more scans than any encoder writes',
      async () => inScans(await halves.clone().jpeg({ progressive: true }).toBuffer(), 101),
      'IMAGE_TOO_LARGE',
    ],
    ['more than 40 megapixels', () => image(8001, 5000).jpeg({ quality: 10 }).toBuffer(), 'IMAGE_TOO_LARGE'],
  ])('%s', async (_, bytes, problem) => {
    expect(await decode(await bytes())).toMatchObject({ readable: false, problem });
  });

  it('counts scans where decoders find them, and nowhere else', async () => {
    const progressive = await halves.clone().jpeg({ progressive: true }).toBuffer();
    const scans = Buffer.alloc(2 * 200, Buffer.from([0xff, 0xda]));
    const comment = Buffer.concat([Buffer.from([0xff, 0xfe, (scans.length + 2) >> 8, (scans.length + 2) & 0xff]), scans]);
    const behindTheEnd = Buffer.concat([progressive, scans]);
    const inAComment = Buffer.concat([progressive.subarray(0, 2), comment, progressive.subarray(2)]);
    for (const harmless of [behindTheEnd, inAComment]) expect(await decode(harmless)).toMatchObject({ readable: true });
    const padded = inScans(progressive, 101, Buffer.from([0, 1, 0xff, 0xff, 0xff]));
    expect(await decode(padded)).toMatchObject({ readable: false, problem: 'IMAGE_TOO_LARGE' });
  });

  it('a bomb is refused by its header, before anything is allocated for it', async () => {
    const before = process.memoryUsage().rss;
    const decoded = await decode(await bomb());
    expect(decoded.readable).toBe(false);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  });

  it('says why, in a sentence without paths', async () => {
    const decoded = await decode(await image(20, 20).png().toBuffer());
    expect(decoded).toMatchObject({ detail: '20 x 20 pixels; the shorter side needs 32' });
  });
});
