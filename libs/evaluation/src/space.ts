import {
  directionOf,
  foldOf,
  strangerScoresOf,
  type DecisionConstants,
  type OutOfFoldResult,
  type StrangerScores,
  type TrainingSample,
} from '@facehash/classifier-core';
import type { LimitOf } from './limits.js';

/** Which person each sample is of, and in which fold: by their positions in `samples` and in `people`. */
export interface Gallery {
  readonly samples: readonly TrainingSample[];
  /** Ordered by id. */
  readonly people: readonly string[];
  /** Of each person. */
  readonly photos: readonly number[];
  readonly personOf: readonly number[];
  readonly strangers: StrangerScores;
  readonly constants: DecisionConstants;
}

/** What a limit depends on. */
export function sizeOf({ people, strangers, constants }: Gallery): LimitOf {
  return { people: people.length, strangers, constants };
}

export function galleryOf(samples: readonly TrainingSample[], results: readonly OutOfFoldResult[], constants: DecisionConstants): Gallery {
  const strangers = strangerScoresOf(results.flatMap((r) => r.strangerScore ?? []));
  const people = [...new Set(samples.map((s) => s.personId))].sort();
  const index = new Map(people.map((id, i) => [id, i]));
  const personOf = samples.map((s) => index.get(s.personId) ?? 0);
  const photos = people.map(() => 0);
  for (const person of personOf) photos[person] = (photos[person] ?? 0) + 1;
  return { samples, people, photos, personOf, strangers, constants };
}

interface Group {
  photos: number;
  readonly sum: Float64Array;
}

interface SpaceOptions {
  /** One of equal length for each sample. */
  readonly vectors: readonly Float64Array[];
  /** Of a sum of vectors. */
  readonly centroid: (sum: Float64Array, photos: number) => Float64Array;
  /** What squared distances are multiplied by. */
  readonly scale: number;
}

/** Samples as points, people as centroids; squared Euclidean distances between them. */
export class Space {
  readonly #gallery: Gallery;
  readonly #options: SpaceOptions;
  readonly #groups: readonly Group[];
  readonly #inFold: ReadonlyMap<string, Group>;
  readonly #centroids: readonly Float64Array[];

  constructor(gallery: Gallery, options: SpaceOptions) {
    this.#gallery = gallery;
    this.#options = options;
    const length = options.vectors[0]?.length ?? 0;
    const newGroup = (): Group => ({ photos: 0, sum: new Float64Array(length) });
    const groups = gallery.people.map(newGroup);
    const inFold = new Map<string, Group>();
    options.vectors.forEach((vector, sample) => {
      const key = this.#foldKey(sample);
      const fold = inFold.get(key) ?? newGroup();
      inFold.set(key, fold);
      add(fold, vector);
      const group = groups[gallery.personOf[sample] ?? 0];
      if (group) add(group, vector);
    });
    this.#groups = groups;
    this.#inFold = inFold;
    this.#centroids = groups.map(({ sum, photos }) => options.centroid(sum, photos));
  }

  /** Fills in the squared distance of a sample to each person, its own among them with the sample in the centroid. */
  toPeople(sample: number, distances: Float64Array): void {
    const vector = this.#options.vectors[sample];
    if (!vector) return;
    this.#centroids.forEach((centroid, person) => (distances[person] = this.#options.scale * squaredDistance(vector, centroid)));
  }

  /** The squared distance of a sample to its own person without the photos of its fold; undefined when none are left. */
  toOwn(sample: number): number | undefined {
    const group = this.#groups[this.#gallery.personOf[sample] ?? 0];
    const fold = this.#inFold.get(this.#foldKey(sample));
    const vector = this.#options.vectors[sample];
    if (!group || !fold || !vector || group.photos === fold.photos) return undefined;
    const sum = group.sum.map((value, i) => value - (fold.sum[i] ?? 0));
    return this.#options.scale * squaredDistance(vector, this.#options.centroid(sum, group.photos - fold.photos));
  }

  /** Fills in the squared distance of a person's centroid to each other one; infinite to itself. */
  betweenPeople(person: number, distances: Float64Array): void {
    const from = this.#centroids[person];
    if (!from) return;
    this.#centroids.forEach((to, other) => {
      distances[other] = other === person ? Number.POSITIVE_INFINITY : this.#options.scale * squaredDistance(from, to);
    });
  }

  /** The squared distance of two people's centroids. */
  betweenPair(a: number, b: number): number {
    const [from, to] = [this.#centroids[a], this.#centroids[b]];
    return from && to ? this.#options.scale * squaredDistance(from, to) : Number.NaN;
  }

  #foldKey(sample: number): string {
    return `${this.#gallery.personOf[sample] ?? 0}/${foldOf(this.#gallery.samples[sample]?.photo ?? '')}`;
  }
}

/** Descriptors as they are: of unit length, and so are the centroids, as the model's imprinted layer has them. */
export function descriptorSpace(gallery: Gallery): Space {
  const vectors = gallery.samples.map((s) => Float64Array.from(s.descriptor));
  return new Space(gallery, { vectors, centroid: directionOf, scale: 1 });
}

/** A handful of photos may agree in a ratio by chance: it is never taken to vary by less than this share of its mean. As in the model. */
const RELATIVE_DEVIATION_MIN = 0.05;

/** Ratios with mean 0 and deviation 1 over the gallery; distances are means over the ratios, so that their number does not matter. */
export function ratioSpace(gallery: Gallery): Space | undefined {
  const length = gallery.samples[0]?.ratios.length ?? 0;
  if (length === 0) return undefined;
  const [sum, squares] = [new Float64Array(length), new Float64Array(length)];
  for (const { ratios } of gallery.samples) {
    ratios.forEach((value, i) => {
      sum[i] = (sum[i] ?? 0) + value;
      squares[i] = (squares[i] ?? 0) + value * value;
    });
  }
  const total = gallery.samples.length;
  const means = sum.map((value) => value / total);
  const deviations = means.map((mean, i) => {
    const deviation = Math.sqrt(Math.max(0, (squares[i] ?? 0) / total - mean * mean));
    return Math.max(deviation, RELATIVE_DEVIATION_MIN * Math.abs(mean)) || 1;
  });
  const standardised = (ratios: Float32Array) => Float64Array.from(ratios, (value, i) => (value - (means[i] ?? 0)) / (deviations[i] ?? 1));
  const vectors = gallery.samples.map((s) => standardised(s.ratios));
  return new Space(gallery, { vectors, centroid: (group, photos) => group.map((value) => value / photos), scale: 1 / length });
}

function add(group: Group, vector: Float64Array): void {
  group.photos++;
  for (let i = 0; i < vector.length; i++) group.sum[i] = (group.sum[i] ?? 0) + (vector[i] ?? 0);
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    sum += difference * difference;
  }
  return sum;
}
