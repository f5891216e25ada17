import { crc32, deflateSync } from 'node:zlib';
import { seededRandom } from '@facehash/kernel';

// Files that no encoder writes, put together by hand from the formats' own structures. Few bytes each; what they claim is large.

/** A chunk of a PNG: length, type, data, and the checksum over both. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  return Buffer.concat([uint32(data.length), body, uint32(crc32(body))]);
}

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export interface PngOptions {
  readonly width: number;
  readonly height: number;
  /** Of the one sample that a grey pixel has. */
  readonly bits?: 1 | 8;
  /** Rows that are really there; all of them when left out. */
  readonly rows?: number;
  /** Between the header and the pixels. */
  readonly chunks?: readonly Buffer[];
}

/** A black PNG. Zeros shrink to a thousandth, so that 30,000 x 30,000 pixels of one bit are some 100 KB. */
export function blackPng({ width, height, bits = 8, rows = height, chunks = [] }: PngOptions): Buffer {
  const header = Buffer.concat([uint32(width), uint32(height), Buffer.from([bits, 0, 0, 0, 0])]);
  const pixels = deflateSync(Buffer.alloc((1 + Math.ceil((width * bits) / 8)) * rows), { level: 9 });
  return Buffer.concat([PNG_SIGNATURE, pngChunk('IHDR', header), ...chunks, pngChunk('IDAT', pixels), pngChunk('IEND', Buffer.alloc(0))]);
}

/** The chunk of an ICC profile: `bytes` zeros, compressed. */
export function iccChunk(bytes: number): Buffer {
  return pngChunk('iCCP', Buffer.concat([Buffer.from('bomb\0\0', 'latin1'), deflateSync(Buffer.alloc(bytes), { level: 9 })]));
}

export interface GifOptions {
  readonly screen: readonly [width: number, height: number];
  readonly frame: readonly [width: number, height: number];
  readonly frames: number;
}

/** GIF frames of one colour each. The image data is the shortest that a decoder takes: clear, one pixel, end. */
export function gif({ screen, frame, frames }: GifOptions): Buffer {
  const head = Buffer.concat([
    Buffer.from('GIF89a', 'latin1'),
    uint16(screen[0]),
    uint16(screen[1]),
    Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255]),
  ]);
  const control = Buffer.from([0x21, 0xf9, 4, 0, 1, 0, 0, 0]);
  const descriptor = Buffer.concat([Buffer.from([0x2c, 0, 0, 0, 0]), uint16(frame[0]), uint16(frame[1]), Buffer.from([0])]);
  const one = Buffer.concat([control, descriptor, Buffer.from([2, 2, 0x44, 0x01, 0])]);
  return Buffer.concat([head, ...Array.from({ length: frames }, () => one), Buffer.from([0x3b])]);
}

export interface TiffOptions {
  readonly entries: readonly (readonly [tag: number, type: number, count: number, value: number])[];
  /** Offset of the next directory; 8 is the first one again. */
  readonly next?: number;
}

/** A little-endian TIFF with one directory, at offset 8, and 64 bytes behind it. */
export function tiff({ entries, next = 0 }: TiffOptions): Buffer {
  const head = Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
  const rows = entries.map(([tag, type, count, value]) => {
    const row = Buffer.alloc(12);
    row.writeUInt16LE(tag, 0);
    row.writeUInt16LE(type, 2);
    row.writeUInt32LE(count, 4);
    row.writeUInt32LE(value, 8);
    return row;
  });
  const end = Buffer.alloc(4);
  end.writeUInt32LE(next);
  return Buffer.concat([head, uint16(entries.length), ...rows, end, Buffer.alloc(64)]);
}

const SHORT = 3;
const LONG = 4;

/** The tags of a grey picture in one strip. */
export function greyTiffTags(width: number, height: number): [number, number, number, number][] {
  return [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, 1, 8],
    [259, SHORT, 1, 1],
    [262, SHORT, 1, 1],
    [273, LONG, 1, 122],
    [277, SHORT, 1, 1],
    [278, LONG, 1, height],
    [279, LONG, 1, 64],
  ];
}

/** The same JPEG with another size in its frame header. */
export function jpegOfSize(jpeg: Buffer, width: number, height: number): Buffer {
  const forged = Buffer.from(jpeg);
  const frame = segmentsOf(jpeg).find(({ marker }) => marker >= 0xc0 && marker <= 0xc2);
  if (!frame) throw new Error('this JPEG has no frame header');
  forged.writeUInt16BE(height, frame.from + 5);
  forged.writeUInt16BE(width, frame.from + 7);
  return forged;
}

/** Most bits of a coefficient that a progressive JPEG may leave to later scans. */
const LATER_BITS_MAX = 13;

/**
 * A progressive JPEG in as many scans as the standard allows: each bit of each coefficient by itself, 882 for a grey picture. A scan of one
 * colour takes a few bytes and makes a decoder go over the whole picture. `grey` is of one colour, so its last scan fits all of them.
 */
export function jpegOfAllScans(grey: Buffer): Buffer {
  const scans = segmentsOf(grey).filter(({ marker }) => marker === 0xda);
  const [first, last] = [scans[0], scans.at(-1)];
  if (!first || !last || first === last) throw new Error('this JPEG is not progressive');
  const tables = segmentsOf(grey).filter(({ marker, from }) => marker === 0xc4 && from > first.from);
  const scan = (coefficient: number, bit: number): Buffer => {
    const forged = Buffer.from(grey.subarray(last.from, last.to));
    const end = 2 + forged.readUInt16BE(2);
    forged.set([coefficient, coefficient, ((bit === LATER_BITS_MAX ? 0 : bit + 1) << 4) | bit], end - 3);
    return forged;
  };
  const coefficients = Array.from({ length: 63 }, (_, i) => i + 1);
  const bits = Array.from({ length: LATER_BITS_MAX + 1 }, (_, i) => LATER_BITS_MAX - i);
  return Buffer.concat([
    grey.subarray(0, first.to),
    ...tables.map(({ from, to }) => grey.subarray(from, to)),
    ...coefficients.flatMap((coefficient) => bits.map((bit) => scan(coefficient, bit))),
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** A progressive JPEG whose last scan comes `times` times more, which no encoder may write. */
export function jpegOfScans(progressive: Buffer, times: number): Buffer {
  const last = segmentsOf(progressive).findLast(({ marker }) => marker === 0xda);
  if (!last) throw new Error('this JPEG has no scan');
  const scan = progressive.subarray(last.from, last.to);
  return Buffer.concat([progressive.subarray(0, last.to), ...Array.from({ length: times }, () => scan), Buffer.from([0xff, 0xd9])]);
}

/** With a segment of its own behind the first marker, cut into pieces where it is longer than a segment may be. */
export function jpegWithSegments(jpeg: Buffer, marker: number, segments: readonly Uint8Array[]): Buffer {
  const written = segments.map((data) => Buffer.concat([Buffer.from([0xff, marker]), uint16BE(data.length + 2), data]));
  return Buffer.concat([jpeg.subarray(0, 2), ...written, jpeg.subarray(2)]);
}

interface Segment {
  readonly marker: number;
  readonly from: number;
  /** Behind the scan's own data where it is a scan. */
  readonly to: number;
}

function segmentsOf(jpeg: Buffer): readonly Segment[] {
  const segments: Segment[] = [];
  for (let at = 2; at + 4 <= jpeg.length && jpeg[at] === 0xff && jpeg[at + 1] !== 0xd9;) {
    const marker = jpeg[at + 1] ?? 0;
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    const to = marker === 0xda ? endOfScan(jpeg, end) : end;
    segments.push({ marker, from: at, to });
    at = to;
  }
  return segments;
}

/** Up to the next marker that is neither a stuffed zero nor a restart. */
function endOfScan(jpeg: Buffer, from: number): number {
  for (let at = jpeg.indexOf(0xff, from); at >= 0; at = jpeg.indexOf(0xff, at + 1)) {
    const next = jpeg[at + 1] ?? 0xd9;
    if (next !== 0 && (next < 0xd0 || next > 0xd7)) return at;
  }
  return jpeg.length;
}

/** The extended header of a WebP with another canvas: 24 bits each, less one. */
export function webpOfCanvas(webp: Buffer, width: number, height: number): Buffer {
  const canvas = Buffer.alloc(10);
  canvas.writeUIntLE(width - 1, 4, 3);
  canvas.writeUIntLE(height - 1, 7, 3);
  const chunk = Buffer.concat([Buffer.from('VP8X', 'latin1'), uint32LE(10), canvas]);
  const body = Buffer.concat([Buffer.from('WEBP', 'latin1'), chunk, webp.subarray(12)]);
  return Buffer.concat([Buffer.from('RIFF', 'latin1'), uint32LE(body.length), body]);
}

/** An AVIF whose every `ispe` property (the size of an item) says something else. */
export function avifOfSize(avif: Buffer, width: number, height: number): Buffer {
  const forged = Buffer.from(avif);
  for (let at = forged.indexOf('ispe'); at >= 0; at = forged.indexOf('ispe', at + 4)) {
    forged.writeUInt32BE(width, at + 8);
    forged.writeUInt32BE(height, at + 12);
  }
  return forged;
}

/** An archive of one stored file. */
export function zip(name: string, content: string): Buffer {
  const data = Buffer.from(content);
  const file = Buffer.from(name);
  const common = Buffer.concat([
    uint16(20),
    Buffer.alloc(8),
    uint32LE(crc32(data)),
    uint32LE(data.length),
    uint32LE(data.length),
    uint16(file.length),
    uint16(0),
  ]);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, file, data]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), uint16(20), common, Buffer.alloc(14), file]);
  const end = Buffer.concat([
    Buffer.from('PK\x05\x06', 'latin1'),
    Buffer.alloc(4),
    uint16(1),
    uint16(1),
    uint32LE(central.length),
    uint32LE(local.length),
    uint16(0),
  ]);
  return Buffer.concat([local, central, end]);
}

/** Always the same for a seed. Repeats itself after 64 KB, at a length that divides nothing. */
export function noise(bytes: number, seed: number): Buffer {
  const block = blocks.get(seed) ?? Buffer.from(seededRandom(seed).bytes(65_521));
  blocks.set(seed, block);
  return Buffer.alloc(bytes, block);
}

const blocks = new Map<number, Buffer>();

function uint16(value: number): Buffer {
  return Buffer.from([value & 0xff, value >> 8]);
}

function uint16BE(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function uint32LE(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
