/** A share that was counted, and where the true one lies with 95 % confidence. */
export interface Proportion {
  readonly count: number;
  readonly of: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

const CONFIDENCE = 0.95;

/** Six decimals: below what a share means, and above what two machines differ by. */
const DECIMALS = 1e6;

/** Null where nothing was counted. */
export function proportion(count: number, of: number): Proportion | null {
  if (of === 0) return null;
  const { low, high } = clopperPearson(count, of);
  return { count, of, share: rounded(count / of), low: rounded(low), high: rounded(high) };
}

export function rounded(value: number, decimals = DECIMALS): number {
  return Math.round(value * decimals) / decimals;
}

/**
 * The exact interval of a binomial share: never covers less than it says.
 * Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934), in its form by quantiles of the beta distribution.
 */
export function clopperPearson(count: number, of: number, confidence = CONFIDENCE): { readonly low: number; readonly high: number } {
  const tail = (1 - confidence) / 2;
  return {
    low: count === 0 ? 0 : betaQuantile(tail, count, of - count + 1),
    high: count === of ? 1 : betaQuantile(1 - tail, count + 1, of - count),
  };
}

/** The x below which a share `p` of the beta distribution lies. By bisection: 60 halvings reach the spacing of doubles, and cannot miss. */
function betaQuantile(p: number, a: number, b: number): number {
  const below = betaDistribution(a, b);
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (below(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The regularised incomplete beta function of x, by its continued fraction on the side where that converges fast.
 * Source: NIST Digital Library of Mathematical Functions, 8.17.22 and 8.17.4.
 */
function betaDistribution(a: number, b: number): (x: number) => number {
  const logScale = logGamma(a + b) - logGamma(a) - logGamma(b);
  const front = (x: number) => Math.exp(logScale + a * Math.log(x) + b * Math.log1p(-x));
  return (x) => {
    if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
    return x < (a + 1) / (a + b + 2) ? front(x) / (a * betaFraction(x, a, b)) : 1 - front(x) / (b * betaFraction(1 - x, b, a));
  };
}

/** The continued fraction 1 + d1/(1 + d2/(1 + …)), by the modified Lentz method (Thompson and Barnett, J. Comput. Phys. 64, 1986). */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  let [value, numerator, denominator] = [1, 1, 0];
  for (let j = 1; j < 10_000; j++) {
    const m = Math.floor(j / 2);
    const odd = j % 2 === 1;
    const term = odd ? -((a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)) : (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    denominator = 1 / (1 + term * denominator || tiny);
    numerator = 1 + term / numerator || tiny;
    value *= numerator * denominator;
    if (Math.abs(numerator * denominator - 1) < 1e-15) break;
  }
  return value;
}

/** Coefficients for g = 7 and nine terms: relative accuracy about 1e-15 for positive arguments. */
const LANCZOS: readonly number[] = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Logarithm of the gamma function at `x` >= 1. Source: C. Lanczos, SIAM J. Numer. Anal. B 1 (1964), with P. Godfrey's coefficients. */
function logGamma(x: number): number {
  const shifted = x - 1;
  const sum = LANCZOS.reduce((total, coefficient, i) => (i === 0 ? coefficient : total + coefficient / (shifted + i)), 0);
  const base = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(sum);
}
