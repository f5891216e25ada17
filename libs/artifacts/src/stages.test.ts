import fc from 'fast-check';
import { decodeDocument, decodeFeatures, encodeDocument, encodeFeatures, landmarksSchema } from './index.js';

const features = { descriptor: Float32Array.of(0.6, -0.8), ratios: Float32Array.of(1.5, 0, 3) };

describe('stored features', () => {
  it('come back bit by bit', () => {
    expect(decodeFeatures(encodeFeatures(features), 'k')).toEqual(features);
  });

  it('come back from the middle of a larger buffer', () => {
    const bytes = encodeFeatures(features);
    const larger = new Uint8Array(bytes.length + 7);
    larger.set(bytes, 3);
    expect(decodeFeatures(larger.subarray(3, 3 + bytes.length), 'k')).toEqual(features);
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['another format', new TextEncoder().encode('{"descriptor": []}')],
    ['features that were cut short', encodeFeatures(features).subarray(0, -1)],
    ['a descriptor that is not of unit length', encodeFeatures({ ...features, descriptor: Float32Array.of(1, 1) })],
    ['a descriptor that is not a number', encodeFeatures({ ...features, descriptor: Float32Array.of(Number.NaN, 1) })],
    ['a ratio that is not a number', encodeFeatures({ ...features, ratios: Float32Array.of(Number.NaN) })],
  ])('%s is corrupt', (_, bytes) => {
    expect(() => decodeFeatures(bytes, 'k')).toThrow('artifact');
  });

  it('are refused and never misread, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(() => decodeFeatures(bytes, 'k')).toThrow('artifact');
      }),
    );
  });
});

describe('stored landmarks', () => {
  const document = {
    v: 1,
    pipeline: 'p1',
    sha256: 'a'.repeat(64),
    width: 250,
    height: 250,
    box: { x: -3.5, y: 10, width: 120, height: 120 },
    landmarks: Array.from({ length: 68 }, (_, i) => [i, 2 * i]),
    quality: { sizePx: 120, sharpness: 80.5, brightness: 120, turn: 0.2 },
  };

  it('are read back', () => {
    expect(decodeDocument(landmarksSchema, encodeDocument(document), 'k')).toEqual(document);
  });

  it.each([
    ['67 points', { landmarks: document.landmarks.slice(1) }],
    ['another version', { v: 2 }],
    ['no digest', { sha256: 'photo' }],
  ])('with %s are corrupt', (_, change) => {
    expect(() => decodeDocument(landmarksSchema, encodeDocument({ ...document, ...change }), 'k')).toThrow('artifact');
  });
});
