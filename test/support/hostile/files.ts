import sharp, { type Sharp } from 'sharp';
import {
  avifOfSize,
  blackPng,
  gif,
  greyTiffTags,
  iccChunk,
  jpegOfAllScans,
  jpegOfScans,
  jpegOfSize,
  jpegWithSegments,
  noise,
  pngChunk,
  tiff,
  webpOfCanvas,
  zip,
} from './forgeries.js';

/** What a file gets: its pixels are looked at, or the code of the refusal. */
export type Outcome = 'read' | 'IMAGE_UNREADABLE' | 'IMAGE_TOO_LARGE' | 'IMAGE_TOO_SMALL' | 'BODY_TOO_LARGE';

export interface HostileFile {
  readonly name: string;
  /** Made when it is needed, as some are large. */
  readonly bytes: () => Buffer | Promise<Buffer>;
  /** More than one where it is the decoder's business how tolerant it is. */
  readonly outcomes: readonly Outcome[];
  /** What it is sent as; nothing that says anything when left out. */
  readonly mediaType?: string;
}

const read = ['read'] as const;
const unreadable = ['IMAGE_UNREADABLE'] as const;
const tooLarge = ['IMAGE_TOO_LARGE'] as const;
const either = ['read', 'IMAGE_UNREADABLE'] as const;

/** Something to see at every place, so that a cut takes pixels away. */
export function pattern(width = 96, height = 96): Sharp {
  return sharp(noise(width * height * 3, 7), { raw: { width, height, channels: 3 } });
}

/** One encoder of each format that is taken. */
export const formats = {
  JPEG: (image: Sharp) => image.jpeg({ quality: 90 }),
  'progressive JPEG': (image: Sharp) => image.jpeg({ quality: 90, progressive: true }),
  PNG: (image: Sharp) => image.png(),
  WebP: (image: Sharp) => image.webp({ quality: 90 }),
  'lossless WebP': (image: Sharp) => image.webp({ lossless: true }),
  GIF: (image: Sharp) => image.gif(),
  AVIF: (image: Sharp) => image.avif({ quality: 60, effort: 0 }),
  TIFF: (image: Sharp) => image.tiff({ compression: 'lzw' }),
} as const;

/** Every file that is known to be meant badly, or oddly. */
export function hostileFiles(): readonly HostileFile[] {
  return [...truncated(), ...bombs(), ...small(), ...odd(), ...disguised(), ...inside(), ...damagedMetadata()];
}

function truncated(): HostileFile[] {
  return Object.entries(formats).flatMap(([format, encode]) =>
    [0.02, 0.2, 0.5, 0.9].map((share) => ({
      name: `${format} of which ${share * 100} % are there`,
      bytes: async () => start(await encode(pattern()).toBuffer(), share),
      outcomes: unreadable,
    })),
  );
}

function start(bytes: Buffer, share: number): Buffer {
  return bytes.subarray(0, Math.round(bytes.length * share));
}

const jpeg = (): Promise<Buffer> => pattern().jpeg().toBuffer();
const progressive = (side: number): Promise<Buffer> =>
  sharp({ create: { width: side, height: side, channels: 3, background: '#806040' } })
    .greyscale()
    .jpeg({ progressive: true })
    .toBuffer();

function bombs(): HostileFile[] {
  return [
    { name: 'PNG of 30,000 x 30,000 pixels that are all there', bytes: () => blackPng({ width: 30_000, height: 30_000, bits: 1 }), outcomes: tooLarge },
    { name: 'PNG of 30,000 x 30,000 pixels by its header', bytes: () => blackPng({ width: 30_000, height: 30_000, rows: 1 }), outcomes: tooLarge },
    { name: 'PNG of 2,147,483,647 x 2,147,483,647 pixels', bytes: () => blackPng({ width: 2 ** 31 - 1, height: 2 ** 31 - 1, bits: 1, rows: 0 }), outcomes: ['IMAGE_TOO_LARGE', 'IMAGE_UNREADABLE'] },
    { name: 'PNG of one pixel more than 40,000,000', bytes: () => blackPng({ width: 40_000_001, height: 1, rows: 1 }), outcomes: ['IMAGE_TOO_LARGE', 'IMAGE_UNREADABLE'] },
    { name: 'PNG of 8,001 x 5,000 pixels', bytes: () => blackPng({ width: 8001, height: 5000, bits: 1 }), outcomes: tooLarge },
    { name: 'PNG of exactly 40,000,000 pixels', bytes: () => blackPng({ width: 8000, height: 5000, bits: 1 }), outcomes: read },
    { name: 'PNG of 1,000,000 x 32 pixels', bytes: () => blackPng({ width: 1_000_000, height: 32, bits: 1 }), outcomes: either },
    { name: 'JPEG of 65,535 x 65,535 pixels by its header', bytes: async () => jpegOfSize(await jpeg(), 65_535, 65_535), outcomes: tooLarge },
    { name: 'JPEG of 65,000 x 65,000 pixels by its header', bytes: async () => jpegOfSize(await jpeg(), 65_000, 65_000), outcomes: tooLarge },
    { name: 'JPEG without a height', bytes: async () => jpegOfSize(await jpeg(), 96, 0), outcomes: unreadable },
    { name: 'JPEG in 882 scans', bytes: async () => jpegOfAllScans(await progressive(6000)), outcomes: tooLarge },
    { name: 'JPEG whose last scan comes 50,000 times', bytes: async () => jpegOfScans(await progressive(6000), 50_000), outcomes: tooLarge },
    { name: 'GIF with a screen of 65,535 x 65,535 pixels', bytes: () => gif({ screen: [65_535, 65_535], frame: [64, 64], frames: 1 }), outcomes: ['IMAGE_TOO_LARGE', 'read'] },
    { name: 'GIF with a frame of 65,535 x 65,535 pixels', bytes: () => gif({ screen: [64, 64], frame: [65_535, 65_535], frames: 1 }), outcomes: ['IMAGE_TOO_LARGE', 'IMAGE_UNREADABLE', 'read'] },
    { name: 'GIF of 10,000 frames', bytes: () => gif({ screen: [64, 64], frame: [64, 64], frames: 10_000 }), outcomes: either },
    { name: 'WebP of 1,000 frames', bytes: () => animatedWebp(1000), outcomes: read },
    { name: 'WebP with a canvas of 16,777,215 x 16,777,215 pixels', bytes: async () => webpOfCanvas(await pattern().webp().toBuffer(), 16_777_215, 16_777_215), outcomes: ['IMAGE_TOO_LARGE', 'IMAGE_UNREADABLE'] },
    { name: 'WebP with a canvas that is not its picture’s', bytes: async () => webpOfCanvas(await pattern().webp().toBuffer(), 300, 300), outcomes: unreadable },
    { name: 'AVIF of 65,535 x 65,535 pixels by its header', bytes: async () => avifOfSize(await pattern().avif({ effort: 0 }).toBuffer(), 65_535, 65_535), outcomes: tooLarge },
    { name: 'AVIF of 6,000 x 6,000 pixels by its header', bytes: async () => avifOfSize(await pattern().avif({ effort: 0 }).toBuffer(), 6000, 6000), outcomes: either },
    { name: 'TIFF whose directories go in a circle', bytes: () => tiff({ entries: greyTiffTags(64, 64), next: 8 }), outcomes: either },
    { name: 'TIFF of 4,294,967,295 strips', bytes: () => tiff({ entries: greyTiffTags(64, 64).map((e) => (e[0] === 273 || e[0] === 279 ? [e[0], e[1], 2 ** 32 - 1, 122] : e)) }), outcomes: unreadable },
    { name: 'TIFF of 4,294,967,295 x 4,294,967,295 pixels', bytes: () => tiff({ entries: greyTiffTags(2 ** 32 - 1, 2 ** 32 - 1) }), outcomes: ['IMAGE_TOO_LARGE', 'IMAGE_UNREADABLE'] },
    { name: 'TIFF of 100,000 x 100,000 pixels', bytes: () => tiff({ entries: greyTiffTags(100_000, 100_000) }), outcomes: tooLarge },
    { name: '20 MB of noise', bytes: () => noise(20_000_000, 3), outcomes: unreadable },
    { name: 'one byte more than a body may have', bytes: () => noise(20 * 1024 ** 2 + 1, 4), outcomes: ['BODY_TOO_LARGE'] },
  ]; // prettier-ignore
}

async function animatedWebp(frames: number): Promise<Buffer> {
  // Two colours in turn: an encoder merges frames that are equal.
  const colours = ['#204060', '#604020'];
  const images = Array.from({ length: frames }, (_, i) => ({
    create: { width: 32, height: 32, channels: 3 as const, background: colours[i % 2] ?? '' },
  }));
  const pages = await Promise.all(images.map((image) => sharp(image).png().toBuffer()));
  return await sharp(pages, { join: { animated: true } })
    .webp({ effort: 0 })
    .toBuffer();
}

function small(): HostileFile[] {
  const png = (width: number, height: number) => () => pattern(width, height).png().toBuffer();
  return [
    { name: 'no bytes', bytes: () => Buffer.alloc(0), outcomes: unreadable },
    { name: 'one byte', bytes: () => Buffer.from([0xff]), outcomes: unreadable },
    { name: 'the first two bytes of a JPEG', bytes: () => Buffer.from([0xff, 0xd8]), outcomes: unreadable },
    { name: '1 x 1 pixels', bytes: png(1, 1), outcomes: ['IMAGE_TOO_SMALL'] },
    { name: '31 x 31 pixels', bytes: png(31, 31), outcomes: ['IMAGE_TOO_SMALL'] },
    { name: '32 x 32 pixels', bytes: png(32, 32), outcomes: read },
    { name: '31 x 5,000 pixels', bytes: png(31, 5000), outcomes: ['IMAGE_TOO_SMALL'] },
    { name: '32 x 5,000 pixels', bytes: png(32, 5000), outcomes: read },
  ];
}

function odd(): HostileFile[] {
  const clear = () => sharp(noise(96 * 96 * 2, 9), { raw: { width: 96, height: 96, channels: 2 } });
  return [
    { name: 'CMYK JPEG', bytes: () => pattern().toColourspace('cmyk').jpeg().toBuffer(), outcomes: read },
    { name: '16-bit PNG', bytes: () => pattern().toColourspace('rgb16').png().toBuffer(), outcomes: read },
    { name: 'palette PNG', bytes: () => pattern().png({ palette: true }).toBuffer(), outcomes: read },
    { name: 'interlaced PNG', bytes: () => pattern().png({ progressive: true }).toBuffer(), outcomes: read },
    { name: 'grey PNG with transparency', bytes: () => clear().png().toBuffer(), outcomes: read },
    { name: 'PNG of one bit', bytes: () => blackPng({ width: 64, height: 64, bits: 1 }), outcomes: read },
    { name: 'TIFF of floating point numbers', bytes: () => pattern().toColourspace('scrgb').tiff().toBuffer(), outcomes: read },
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => ({
      name: `JPEG with EXIF orientation ${orientation}`,
      bytes: () => pattern(96, 64).withMetadata({ orientation }).jpeg().toBuffer(),
      outcomes: read,
    })),
  ];
}

function disguised(): HostileFile[] {
  return [
    { name: 'PNG called JPEG', bytes: () => pattern().png().toBuffer(), outcomes: read, mediaType: 'image/jpeg' },
    { name: 'JPEG called SVG', bytes: jpeg, outcomes: read, mediaType: 'image/svg+xml' },
    { name: 'text called PNG', bytes: () => Buffer.from('#!/bin/sh\nexit 0\n'), outcomes: unreadable, mediaType: 'image/png' },
    { name: 'PDF', bytes: () => Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF'), outcomes: unreadable },
    { name: 'PostScript', bytes: () => Buffer.from('%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\nshowpage\n'), outcomes: unreadable },
    { name: 'BMP', bytes: () => Buffer.concat([Buffer.from('BM'), noise(2000, 5)]), outcomes: unreadable },
    { name: 'PPM', bytes: () => Buffer.concat([Buffer.from('P6\n64 64\n255\n'), noise(64 * 64 * 3, 5)]), outcomes: unreadable },
    { name: 'ImageMagick’s own language', bytes: () => Buffer.from('push graphic-context\nimage over 0,0 0,0 "ephemeral:/etc/passwd"\n'), outcomes: unreadable },
    { name: 'a list of files of VIPS', bytes: () => Buffer.concat([Buffer.from([0xb6, 0xa6, 0xf2, 0x08]), noise(2000, 6)]), outcomes: unreadable },
    { name: 'GIF that is JavaScript', bytes: () => Buffer.from('GIF89a/*\x00\x00\x00*/=1;alert(1)//;', 'latin1'), outcomes: unreadable },
    { name: 'JPEG that is a ZIP archive', bytes: async () => Buffer.concat([await jpeg(), zip('run.sh', 'exit 0')]), outcomes: read },
    { name: 'PNG that is HTML', bytes: async () => Buffer.concat([await pattern().png().toBuffer(), Buffer.from('<html><script>alert(1)</script>')]), outcomes: read },
    { name: 'PNG with HTML in a text', bytes: () => blackPng({ width: 64, height: 64, chunks: [pngChunk('tEXt', Buffer.from('Title\0<script>alert(1)</script>'))] }), outcomes: read },
    { name: 'a ZIP archive', bytes: () => zip('face.jpg', 'none'), outcomes: unreadable },
  ]; // prettier-ignore
}

/** Pictures that point elsewhere; `reference` is where a fetch would arrive. */
export function referringFiles(reference: string): readonly HostileFile[] {
  const svg = (inner: string, head = '') =>
    Buffer.from(
      `<?xml version="1.0"?>${head}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="99" height="99">${inner}</svg>`,
    );
  return [
    { name: 'SVG', bytes: () => svg('<rect width="99" height="99"/>'), outcomes: unreadable },
    { name: 'SVG with an image from elsewhere', bytes: () => svg(`<image xlink:href="${reference}/a.png" width="99" height="99"/>`), outcomes: unreadable },
    { name: 'SVG with an external entity', bytes: () => svg('<text>&x;</text>', `<!DOCTYPE svg [<!ENTITY x SYSTEM "${reference}/x">]>`), outcomes: unreadable },
    { name: 'SVG with an external definition', bytes: () => svg('', `<!DOCTYPE svg SYSTEM "${reference}/svg.dtd">`), outcomes: unreadable },
    { name: 'SVG with entities of entities', bytes: () => svg('<text>&e;</text>', '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;"><!ENTITY e "&c;&c;&c;&c;&c;&c;">]>'), outcomes: unreadable },
    { name: 'SVG called PNG', bytes: () => svg(`<image href="${reference}/b.png"/>`), outcomes: unreadable, mediaType: 'image/png' },
    { name: 'an address', bytes: () => Buffer.from(`${reference}/photo.jpg`), outcomes: unreadable, mediaType: 'text/plain' },
    { name: 'a path', bytes: () => Buffer.from('file:///etc/passwd'), outcomes: unreadable, mediaType: 'text/plain' },
    { name: 'an address in JSON', bytes: () => Buffer.from(JSON.stringify({ image: `${reference}/photo.jpg` })), outcomes: unreadable, mediaType: 'application/json' },
  ]; // prettier-ignore
}

function inside(): HostileFile[] {
  return [
    { name: 'PNG with an ICC profile of 100 MB', bytes: () => blackPng({ width: 64, height: 64, chunks: [iccChunk(100_000_000)] }), outcomes: either },
    { name: 'PNG with 20,000 chunks of text', bytes: () => blackPng({ width: 64, height: 64, chunks: Array.from({ length: 20_000 }, (_, i) => pngChunk('tEXt', Buffer.from(`k${i}\0v`))) }), outcomes: either },
    { name: 'PNG without pixels', bytes: () => blackPng({ width: 64, height: 64, rows: 0 }), outcomes: unreadable },
    { name: 'JPEG with 100 comments of 64 KB', bytes: async () => jpegWithSegments(await jpeg(), 0xfe, Array.from({ length: 100 }, () => noise(65_000, 2))), outcomes: read },
  ]; // prettier-ignore
}

function damagedMetadata(): HostileFile[] {
  const icc = Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1');
  return [
    { name: 'JPEG with an ICC profile of noise', bytes: async () => jpegWithSegments(await jpeg(), 0xe2, [Buffer.concat([icc, noise(3000, 1)])]), outcomes: read },
    { name: 'JPEG with an ICC profile of 14 MB', bytes: async () => jpegWithSegments(await jpeg(), 0xe2, Array.from({ length: 220 }, (_, i) => Buffer.concat([icc.subarray(0, 12), Buffer.from([i + 1, 220]), noise(65_000, 1)]))), outcomes: read },
    { name: 'JPEG with EXIF of noise', bytes: async () => jpegWithSegments(await jpeg(), 0xe1, [Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), noise(3000, 1)])]), outcomes: read },
    { name: 'JPEG with EXIF that goes in a circle', bytes: async () => jpegWithSegments(await jpeg(), 0xe1, [Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff({ entries: [[0x0112, 3, 1, 6], [0x8769, 4, 1, 8]], next: 8 })])]), outcomes: read },
    { name: 'JPEG with EXIF orientation 65,535', bytes: async () => jpegWithSegments(await jpeg(), 0xe1, [Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff({ entries: [[0x0112, 3, 1, 65_535]] })])]), outcomes: read },
    { name: 'JPEG with XMP that is no XML', bytes: async () => jpegWithSegments(await jpeg(), 0xe1, [Buffer.from('http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><<<<', 'latin1')]), outcomes: read },
  ]; // prettier-ignore
}
