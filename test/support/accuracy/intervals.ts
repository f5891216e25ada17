import type { Row } from '../benchmark.js';

export interface Count {
  readonly count: number;
  readonly of: number;
}

/** A share in percent with its 95 % interval and the counts behind it; bounds in percent. */
export function counted(
  name: string,
  { count, of }: Count,
  bound: { readonly atLeast?: number; readonly atMost?: number } | null = null,
): Row {
  const value = (100 * count) / of;
  const [low, high] = clopperPearson(count, of).map((share) => (100 * share).toFixed(2));
  const unit = `% [${low}, ${high}] (${count} of ${of})`;
  if (!bound) return { name, value, unit, target: null, met: null };
  const { atLeast = 0, atMost = 100 } = bound;
  const target = bound.atMost === undefined ? `>= ${atLeast} %` : `${atLeast} to ${atMost} %`;
  return { name, value, unit, target, met: value >= atLeast && value <= atMost };
}

/** The exact 95 % interval of a share (Clopper and Pearson, Biometrika 26, 1934), by bisection on the binomial distribution. */
function clopperPearson(count: number, of: number): readonly [low: number, high: number] {
  const low = count === 0 ? 0 : bisect((p) => 1 - atMost(count - 1, of, p) < 0.025);
  const high = count === of ? 1 : bisect((p) => atMost(count, of, p) > 0.025);
  return [low, high];
}

/** The largest p for which `below` still holds; it holds for 0 and not for 1. */
function bisect(below: (p: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (below(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Probability of at most `count` successes in `of` trials. */
function atMost(count: number, of: number, p: number): number {
  const odds = Math.log(p) - Math.log1p(-p);
  let logTerm = of * Math.log1p(-p);
  let sum = Math.exp(logTerm);
  for (let k = 1; k <= count; k++) {
    logTerm += Math.log(of - k + 1) - Math.log(k) + odds;
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}
