/** Two-sided 95 % of the normal distribution. */
const Z_95 = 1.959964;

export interface Slope {
  readonly slope: number;
  /** Upper end of the 95 % interval. */
  readonly upper: number;
}

/**
 * Least squares through (x, y), x ascending, with an interval that allows for neighbours that resemble each other, as samples of a memory
 * do: variance of Newey and West (Econometrica 55, 1987) with their lag of 4 (n / 100)^(2/9). NaN below three points.
 */
export function slopeOf(x: readonly number[], y: readonly number[]): Slope {
  const n = Math.min(x.length, y.length);
  if (n < 3) return { slope: Number.NaN, upper: Number.NaN };
  const [meanX, meanY] = [mean(x), mean(y)];
  const centred = x.map((value) => value - meanX);
  const spread = sum(centred.map((value) => value * value));
  const slope = sum(centred.map((value, i) => value * ((y[i] ?? 0) - meanY))) / spread;
  const scores = centred.map((value, i) => value * ((y[i] ?? 0) - meanY - slope * value));
  const standardError = Math.sqrt((longRunSum(scores) * n) / (n - 2)) / spread;
  return { slope, upper: slope + Z_95 * standardError };
}

/** Sum of squares plus the weighted products of neighbours: n times the long-run variance. */
function longRunSum(scores: readonly number[]): number {
  const lags = Math.floor(4 * (scores.length / 100) ** (2 / 9));
  let total = sum(scores.map((score) => score * score));
  for (let lag = 1; lag <= lags; lag++) {
    const products = sum(scores.slice(lag).map((score, i) => score * (scores[i] ?? 0)));
    total += 2 * (1 - lag / (lags + 1)) * products;
  }
  return Math.max(0, total);
}

/** In turn (A B A B …, and B A in every other round), so that a busy spell of the machine meets all of them alike. */
export function interleaved<T>(contenders: readonly T[], rounds: number): readonly T[] {
  return Array.from({ length: rounds }, (_, i) => (i % 2 === 0 ? contenders : contenders.toReversed())).flat();
}

/** Of two series that were measured in turn: the median of each round's ratio, and the lowest and highest of them. */
export function pairedRatio(
  a: readonly number[],
  b: readonly number[],
): { readonly median: number; readonly low: number; readonly high: number } {
  const ratios = a.map((value, i) => value / (b[i] ?? Number.NaN)).sort((x, y) => x - y);
  const middle = (ratios.length - 1) / 2;
  const at = (i: number): number => ratios[i] ?? Number.NaN;
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, low: at(0), high: at(ratios.length - 1) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
