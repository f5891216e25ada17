import { distanceOf } from './capped-margin.js';
import { foldOf } from './folds.js';

/** The direction of a sum of unit descriptors: the normalised mean. All zeros when they cancel out. */
export function directionOf(sum: Float64Array): Float64Array {
  const length = Math.sqrt(dot(sum, sum));
  return length > 0 ? sum.map((value) => value / length) : sum.slice();
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** Adds `value` times `sign` to `sum`, in place. */
function accumulate(sum: Float64Array, value: Float32Array | Float64Array, sign: 1 | -1 = 1): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + sign * (value[i] ?? 0);
}

/** One person's unit descriptors, taken together. */
export interface Centroid {
  readonly personId: string;
  readonly photos: number;
  /** Of unit length. */
  readonly direction: Float64Array;
}

/** The centroids of everyone, ordered by person id: the order of a model's outputs. */
export function centroidsOf(samples: readonly { readonly personId: string; readonly descriptor: Float32Array }[]): readonly Centroid[] {
  const sums = new Map<string, { photos: number; readonly sum: Float64Array }>();
  for (const { personId, descriptor } of samples) {
    const person = sums.get(personId) ?? { photos: 0, sum: new Float64Array(descriptor.length) };
    person.photos++;
    accumulate(person.sum, descriptor);
    sums.set(personId, person);
  }
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([personId, { photos, sum }]) => ({ personId, photos, direction: directionOf(sum) }));
}

interface Described {
  readonly personId: string;
  readonly photo: string;
  readonly descriptor: Float32Array;
}

interface Sum {
  photos: number;
  readonly sum: Float64Array;
}

/** For a sample, its person's centroid from the photos of other folds, and how many those are. */
export function ownWithoutFold(samples: readonly Described[]): (sample: Described) => Omit<Centroid, 'personId'> {
  const keyOf = (sample: Described) => `${sample.personId}/${foldOf(sample.photo)}`;
  const inFold = new Map<string, Sum>();
  const inAll = new Map<string, Sum>();
  const add = (sums: Map<string, Sum>, key: string, { descriptor }: Described) => {
    const entry = sums.get(key) ?? { photos: 0, sum: new Float64Array(descriptor.length) };
    entry.photos++;
    accumulate(entry.sum, descriptor);
    sums.set(key, entry);
  };
  for (const sample of samples) {
    add(inFold, keyOf(sample), sample);
    add(inAll, sample.personId, sample);
  }
  return (sample) => {
    const all = inAll.get(sample.personId);
    const fold = inFold.get(keyOf(sample));
    const sum = all ? all.sum.slice() : new Float64Array(sample.descriptor.length);
    if (fold) accumulate(sum, fold.sum, -1);
    return { photos: (all?.photos ?? 0) - (fold?.photos ?? 0), direction: directionOf(sum) };
  };
}

/** Distances to the two nearest other people. */
export function nearestOthers(
  personId: string,
  descriptor: Float64Array,
  centroids: readonly Centroid[],
): readonly [nearest: number | undefined, second: number | undefined] {
  let [first, second] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const other of centroids) {
    if (other.personId === personId) continue;
    const cosine = dot(descriptor, other.direction);
    if (cosine > first) [first, second] = [cosine, first];
    else if (cosine > second) second = cosine;
  }
  const distanceAt = (cosine: number): number | undefined => (cosine > Number.NEGATIVE_INFINITY ? distanceOf(cosine) : undefined);
  return [distanceAt(first), distanceAt(second)];
}
