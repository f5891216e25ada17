import type { DecisionConstants } from '@facehash/classifier-core';
import { seededRandom } from '@facehash/kernel';

export interface Person {
  readonly name: string;
  readonly descriptors: readonly Float32Array[];
}

/** As of the built-in network, and the cap in the same proportion: 0.4 where a stranger lies 0.533 from a person with five photos. */
const MARGIN_WEIGHT = 0.4;
const CAP_OF_STRANGER_MEAN = 0.75;
const PHOTOS = [1, 2, 3, 5, 10] as const;
/** Of a person, where one number stands for all. */
const USUAL_PHOTOS = 5;
const GALLERIES = [2, 5, 20, 40] as const;
const DRAWS = 60;
const TARGET = 0.01;

export type Margin = Pick<DecisionConstants, 'marginWeight' | 'marginCap'>;

/** Fits the threshold to people and strangers: strangers' scores against one person give mean and deviation, galleries give the exponent. */
export function fit(persons: readonly Person[], strangers: readonly Float32Array[], given?: Margin): DecisionConstants {
  const measured = PHOTOS.filter((photos) => persons.some((p) => p.descriptors.length >= photos));
  const scores = measured.map((photos) => {
    const usable = persons.filter((p) => p.descriptors.length >= photos);
    const all = usable.flatMap((person) => {
      const centre = centroid(person.descriptors.slice(0, photos));
      return strangers.map((stranger) => distance(stranger, centre));
    });
    return { photos, mean: mean(all), deviation: Math.sqrt(mean(all.map((u) => u * u)) - mean(all) ** 2), all };
  });
  // Not the deviation of all scores: the tail that decides is what must be met, at 1 % of strangers against one person.
  const deviation = mean(scores.map(({ all, mean: m }) => (quantile(all, TARGET) - m) / probit(TARGET)));
  const marginCap = CAP_OF_STRANGER_MEAN * (scores.findLast(({ photos }) => photos <= USUAL_PHOTOS)?.mean ?? Number.NaN);
  const fitted = {
    strangerMeans: scores.map(({ photos, mean: m }): [number, number] => [photos, m]),
    strangerDeviation: deviation,
    marginWeight: given?.marginWeight ?? MARGIN_WEIGHT,
    marginCap: given?.marginCap ?? marginCap,
    tightenedMax: deviation / 2,
  };
  return { ...fitted, chancesExponent: exponentOf(persons, strangers, fitted) };
}

/** The share of strangers that galleries of `size` drawn anew accept at a target, averaged over `DRAWS`. */
export function realised(
  persons: readonly Person[],
  strangers: readonly Float32Array[],
  {
    size,
    photos,
    target,
    constants,
  }: { readonly size: number; readonly photos: number; readonly target: number; readonly constants: DecisionConstants },
): number {
  const random = seededRandom(size);
  const shares = Array.from({ length: DRAWS }, () => {
    const gallery = [...persons]
      .map((person) => ({ person, at: random.next() }))
      .sort((a, b) => a.at - b.at)
      .slice(0, size)
      .map(({ person }) => centroid(person.descriptors.slice(0, photos)));
    const limit = threshold(constants, { people: size, photos, target });
    return mean(strangers.map((stranger) => (score(stranger, gallery, constants).value <= limit ? 1 : 0)));
  });
  return mean(shares);
}

export function threshold(
  { strangerMeans, strangerDeviation, chancesExponent }: DecisionConstants,
  { people, photos, target }: { readonly people: number; readonly photos: number; readonly target: number },
): number {
  const [, stranger = Number.NaN] = strangerMeans.findLast(([k]) => k <= photos) ?? [];
  return stranger + strangerDeviation * probit(target / people ** chancesExponent);
}

/** Capped margin, and whose centroid is nearest. */
export function score(
  face: Float32Array,
  gallery: readonly Float64Array[],
  { marginWeight, marginCap }: Margin,
): { readonly value: number; readonly nearest: number } {
  let [first, second, nearest] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, -1];
  for (const [i, centre] of gallery.entries()) {
    const d = distance(face, centre);
    if (d < first) [second, first, nearest] = [first, d, i];
    else if (d < second) second = d;
  }
  return { value: first + marginWeight * Math.max(0, marginCap - second), nearest };
}

export function centroid(descriptors: readonly ArrayLike<number>[]): Float64Array {
  const length = descriptors[0]?.length ?? 0;
  const sum = Float64Array.from({ length }, (_, i) => descriptors.reduce((total, d) => total + (d[i] ?? 0), 0));
  const norm = Math.hypot(...sum);
  return sum.map((value) => value / norm);
}

export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return Math.sqrt(sum);
}

function exponentOf(
  persons: readonly Person[],
  strangers: readonly Float32Array[],
  fitted: Omit<DecisionConstants, 'chancesExponent'>,
): number {
  const sizes = GALLERIES.filter((size) => size <= persons.length);
  const errorAt = (exponent: number): number =>
    mean(
      sizes.map((size) => {
        const share = realised(persons, strangers, {
          size,
          photos: USUAL_PHOTOS,
          target: TARGET,
          constants: { ...fitted, chancesExponent: exponent },
        });
        return Math.log(Math.max(share, 1e-5) / TARGET) ** 2;
      }),
    );
  const tried = Array.from({ length: 21 }, (_, i) => 0.6 + 0.025 * i).map((exponent) => ({ exponent, error: errorAt(exponent) }));
  return tried.reduce((best, one) => (one.error < best.error ? one : best)).exponent;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(q * sorted.length)] ?? Number.NaN;
}

/** The standard normal quantile by bisection on its distribution (W. J. Cody's erfc is not in JavaScript: a series will do here). */
function probit(p: number): number {
  let [low, high] = [-8, 8];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normal(middle) < p) low = middle;
    else high = middle;
  }
  return low;
}

/** Abramowitz and Stegun 26.2.11, a series that converges everywhere. */
function normal(z: number): number {
  let [term, sum] = [z, z];
  for (let n = 1; Math.abs(term) > 1e-17 && n < 400; n++) {
    term *= (z * z) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}
