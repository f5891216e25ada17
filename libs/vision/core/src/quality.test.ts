import { measureQuality, qualityBounds, qualityProblem } from './quality.js';
import { someLandmarks } from './testing/index.js';
import type { RgbImage } from './ports.js';
import type { Point } from './types.js';

const frontal = someLandmarks();
const box = { x: 0, y: 0, width: 90, height: 120 };

function picture(grey: (x: number, y: number) => number): RgbImage {
  const size = 150;
  const data = new Uint8Array(size * size * 3);
  for (let i = 0; i < size * size; i++) data.fill(grey(i % size, Math.floor(i / size)), i * 3, i * 3 + 3);
  return { data, width: size, height: size };
}

describe('quality', () => {
  it('measures the shorter side, the mean grey and how sharp edges are', () => {
    const flat = measureQuality(
      box,
      frontal,
      picture(() => 80),
    );
    expect(flat).toEqual({ sizePx: 90, brightness: 80, sharpness: 0, turn: expect.closeTo(0, 1) });
    const edge = measureQuality(
      box,
      frontal,
      picture((x) => (x < 75 ? 0 : 200)),
    );
    const ramp = measureQuality(
      box,
      frontal,
      picture((x) => Math.min(200, Math.max(0, (x - 65) * 10))),
    );
    expect(edge.brightness).toBeCloseTo(100, 5);
    expect(edge.sharpness).toBeGreaterThan(20 * ramp.sharpness);
    // Two columns next to the edge of |Laplacian| 200, among 148 inner ones.
    expect(edge.sharpness).toBeCloseTo((2 * 200 ** 2) / 148, 6);
  });

  it.each([
    ['sizePx', qualityBounds.sizePx.min - 0.1, 'small'],
    ['sharpness', qualityBounds.sharpness.min - 0.1, 'blurred'],
    ['brightness', qualityBounds.brightness.min - 1, 'dark'],
    ['brightness', qualityBounds.brightness.max + 1, 'bright'],
    ['turn', qualityBounds.turn.max + 0.1, 'far turned away'],
  ] as const)('names a face whose %s is %d as too %s', (measure, value, word) => {
    const good = { sizePx: 100, sharpness: 100, brightness: 100, turn: 0.1 };
    expect(qualityProblem(good)).toBeUndefined();
    expect(qualityProblem({ ...good, [measure]: value })).toMatchObject({ measure, value, detail: expect.stringContaining(`too ${word}`) });
  });

  it('measures how far a head is turned, whichever way and however it is tilted', () => {
    const noseAt = (place: Point) => frontal.map((point, i): Point => (i === 30 ? place : point));
    const left: Point = frontal[36] ?? [0, 0];
    const right: Point = frontal[45] ?? [0, 0];
    const turnOf = (landmarks: readonly Point[]) =>
      measureQuality(
        box,
        landmarks,
        picture(() => 0),
      ).turn;
    expect(turnOf(noseAt(left))).toBeCloseTo(1, 6);
    expect(turnOf(noseAt(right))).toBeCloseTo(1, 6);
    const tilted = noseAt(left).map(([x, y]): Point => [0.6 * x - 0.8 * y, 0.8 * x + 0.6 * y]);
    expect(turnOf(tilted)).toBeCloseTo(1, 6);
    expect(turnOf(frontal.map((): Point => [1, 1]))).toBe(10);
  });

  it('takes what lies on a bound', () => {
    expect(
      qualityProblem({
        sizePx: qualityBounds.sizePx.min,
        sharpness: qualityBounds.sharpness.min,
        brightness: qualityBounds.brightness.min,
        turn: qualityBounds.turn.max,
      }),
    ).toBeUndefined();
  });
});
