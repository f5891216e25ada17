import type { Point } from './types.js';

/** Rotation, uniform scale and shift, without reflection: (x, y) goes to (a x - b y + tx, b x + a y + ty). */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

export function applySimilarity({ a, b, tx, ty }: Similarity, [x, y]: Point): Point {
  return [a * x - b * y + tx, b * x + a * y + ty];
}

/**
 * The similarity that takes `from` to `to` with the least sum of squared distances (S. Umeyama, IEEE PAMI 13(4), 1991). In the plane the
 * problem is linear in (a, b), so its solution has this closed form. Throws a RangeError for lists of different length and for points that
 * all lie in one place, which no similarity can be found for.
 */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): Similarity {
  if (from.length !== to.length) throw new RangeError(`${from.length} points cannot be fitted to ${to.length}`);
  const [fromX, fromY] = centroid(from);
  const [toX, toY] = centroid(to);
  let dot = 0;
  let cross = 0;
  let spread = 0;
  from.forEach(([x, y], i) => {
    const [u, v] = to[i] ?? [Number.NaN, Number.NaN];
    const px = x - fromX;
    const py = y - fromY;
    dot += px * (u - toX) + py * (v - toY);
    cross += px * (v - toY) - py * (u - toX);
    spread += px * px + py * py;
  });
  const a = dot / spread;
  const b = cross / spread;
  if (!Number.isFinite(a) || !Number.isFinite(b)) throw new RangeError('points in one place have no similarity transform');
  return { a, b, tx: toX - (a * fromX - b * fromY), ty: toY - (b * fromX + a * fromY) };
}

function centroid(points: readonly Point[]): Point {
  let x = 0;
  let y = 0;
  for (const point of points) {
    x += point[0];
    y += point[1];
  }
  return [x / points.length, y / points.length];
}
