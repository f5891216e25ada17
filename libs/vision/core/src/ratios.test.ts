import fc from 'fast-check';
import { RATIO_NAMES, ratios } from './ratios.js';
import { someLandmarks } from './testing/index.js';
import type { Landmarks, Point } from './types.js';

const face = someLandmarks();
const named = (landmarks: Landmarks): Record<string, number> =>
  Object.fromEntries([...ratios(landmarks)].map((value, i) => [RATIO_NAMES[i] ?? '', value]));
const valueOf = (landmarks: Landmarks, name: string): number => ratios(landmarks)[RATIO_NAMES.indexOf(name)] ?? Number.NaN;
/** Which landmark a mirror turns each into. */
const partner = (index: number): number => {
  if (index <= 16) return 16 - index;
  if (index <= 26) return 43 - index;
  if (index <= 30) return index;
  if (index <= 35) return 66 - index;
  const pairs = [
    [36, 45],
    [37, 44],
    [38, 43],
    [39, 42],
    [40, 47],
    [41, 46],
    [48, 54],
    [49, 53],
    [50, 52],
    [55, 59],
    [56, 58],
    [60, 64],
    [61, 63],
    [65, 67],
  ];
  const pair = pairs.find((p) => p.includes(index));
  return pair ? ((pair[0] === index ? pair[1] : pair[0]) ?? index) : index;
};

describe('ratios of a face', () => {
  it('have names, each once', () => {
    expect(new Set(RATIO_NAMES).size).toBe(RATIO_NAMES.length);
    expect(ratios(face)).toHaveLength(RATIO_NAMES.length);
    expect(Object.keys(named(face))).toHaveLength(RATIO_NAMES.length);
  });

  it('do not depend on place, size and turn', () => {
    const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
    fc.assert(
      fc.property(number(-1000, 1000), number(-1000, 1000), number(0.1, 20), number(-Math.PI, Math.PI), (tx, ty, scale, angle) => {
        const moved = face.map(([x, y]): Point => [
          scale * (x * Math.cos(angle) - y * Math.sin(angle)) + tx,
          scale * (x * Math.sin(angle) + y * Math.cos(angle)) + ty,
        ]);
        ratios(moved).forEach((value, i) => expect(value).toBeCloseTo(ratios(face)[i] ?? Number.NaN, 4));
      }),
    );
  });

  it('do not change in a mirror', () => {
    const crooked = face.map(([x, y], i): Point => [x + (i % 7), y + (i % 5)]);
    const mirror = crooked.map((_, i): Point => [-(crooked[partner(i)]?.[0] ?? 0), crooked[partner(i)]?.[1] ?? 0]);
    ratios(mirror).forEach((value, i) => expect(value).toBeCloseTo(ratios(crooked)[i] ?? Number.NaN, 5));
  });

  it('mean what their names say', () => {
    const wide = face.map(([x, y], i): Point => (i === 48 ? [x - 20, y] : i === 54 ? [x + 20, y] : [x, y]));
    expect(valueOf(wide, 'mouthWidth')).toBeGreaterThan(valueOf(face, 'mouthWidth') * 1.3);
    expect(valueOf(wide, 'noseMouth')).toBeLessThan(valueOf(face, 'noseMouth'));
    expect(valueOf(wide, 'intercanthal')).toBe(valueOf(face, 'intercanthal'));
  });

  it('stay finite and bounded when landmarks coincide', () => {
    const heap = face.map((): Point => [5, 5]);
    expect([...ratios(heap)].every((value) => value === 0)).toBe(true);
    const shutMouth = face.map(([x, y], i): Point => (i === 48 || i === 54 ? [100, 100] : [x, y]));
    expect([...ratios(shutMouth)].every((value) => value >= 0 && value <= 10)).toBe(true);
  });

  it('need all landmarks', () => expect(() => ratios(face.slice(0, 60))).toThrow(RangeError));
});
