import type { OutOfFoldResult } from '@facehash/classifier-core';
import type { Gallery, Space } from './space.js';

/** Somebody near, by the position among the people, and how far away. */
export interface Neighbour {
  readonly person: number;
  readonly distance: number;
}

/** One enrolled photo among the others. */
export interface Probe {
  readonly photo: string;
  /** Whose it is said to be. */
  readonly person: number;
  /** To that person without the photo's fold; undefined when it cannot be judged. */
  readonly ownDistance: number | undefined;
  /** The nearest other people, nearest first. */
  readonly others: readonly Neighbour[];
  /** As the version was judged; undefined when the photo cannot be judged. */
  readonly result: OutOfFoldResult | undefined;
  /** Whether the ratios alone name the right person, and the descriptor with ratios at each of `RATIO_WEIGHTS`. */
  readonly byRatios: boolean;
  readonly byBoth: readonly boolean[];
}

/** Two are needed for a score; more find the third record of a person who is enrolled three times. */
const OTHERS_KEPT = 5;

/** A difference of a whole deviation in every ratio weighs as much as this squared distance of descriptors. Around the one that was measured before. */
export const RATIO_WEIGHTS: readonly number[] = [0.01, 0.02, 0.05, 0.1];

export interface Spaces {
  readonly descriptors: Space;
  readonly ratios: Space | undefined;
}

/** Compares every photo with everybody, one at a time. Work per photo: people x (length of the descriptor + number of ratios) multiplications. */
export function* probesOf(
  gallery: Gallery,
  { descriptors, ratios }: Spaces,
  results: readonly OutOfFoldResult[],
): Generator<Probe, void, undefined> {
  const resultOf = new Map(results.map((result) => [`${result.personId}/${result.photo}`, result]));
  const [byDescriptor, byRatio] = [new Float64Array(gallery.people.length), new Float64Array(gallery.people.length)];
  for (const [i, { photo, personId }] of gallery.samples.entries()) {
    const person = gallery.personOf[i] ?? 0;
    const own = descriptors.toOwn(i);
    const ownByRatio = ratios?.toOwn(i);
    descriptors.toPeople(i, byDescriptor);
    ratios?.toPeople(i, byRatio);
    const judged = own !== undefined && ownByRatio !== undefined;
    const namesOwn = (weights: readonly [number, number]) =>
      judged && weigh(own, ownByRatio, weights) < nearestBut(person, [byDescriptor, byRatio], weights);
    yield {
      photo,
      person,
      ownDistance: own === undefined ? undefined : Math.sqrt(own),
      others: nearestOthers(person, byDescriptor),
      result: resultOf.get(`${personId}/${photo}`),
      byRatios: namesOwn([0, 1]),
      byBoth: RATIO_WEIGHTS.map((weight) => namesOwn([1, weight])),
    };
  }
}

function weigh(descriptor: number, ratio: number, [ofDescriptor, ofRatio]: readonly [number, number]): number {
  return ofDescriptor * descriptor + ofRatio * ratio;
}

/** The least distance to anybody but one person. */
function nearestBut(
  person: number,
  [descriptors, ratios]: readonly [Float64Array, Float64Array],
  weights: readonly [number, number],
): number {
  let least = Number.POSITIVE_INFINITY;
  for (let other = 0; other < descriptors.length; other++) {
    const distance = weigh(descriptors[other] ?? 0, ratios[other] ?? 0, weights);
    if (other !== person && distance < least) least = distance;
  }
  return least;
}

function nearestOthers(person: number, squared: Float64Array): readonly Neighbour[] {
  const nearest: { readonly person: number; readonly squared: number }[] = [];
  squared.forEach((value, other) => {
    const last = nearest[OTHERS_KEPT - 1];
    if (other === person || (last && value >= last.squared)) return;
    const at = nearest.findIndex((n) => value < n.squared);
    nearest.splice(at < 0 ? nearest.length : at, 0, { person: other, squared: value });
    nearest.length = Math.min(nearest.length, OTHERS_KEPT);
  });
  return nearest.map((n) => ({ person: n.person, distance: Math.sqrt(n.squared) }));
}
