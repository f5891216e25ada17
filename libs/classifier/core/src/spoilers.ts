import { cappedMargin, distanceOf, threshold } from './capped-margin.js';
import type { DecisionConstants } from './constants.js';
import { centroidsOf, dot, nearestOthers, ownWithoutFold, type Centroid } from './centroids.js';
import type { TrainingSample } from './ports.js';

type Described = Pick<TrainingSample, 'personId' | 'photo' | 'descriptor'>;

/** Photos of one person that a newcomer must take to be kept out: this many, and this share of those that were recognised. */
const TAKEN_MIN = 2;
const TAKEN_SHARE = 0.5;

/** A newcomer who takes somebody's photos: they lie nearer to the newcomer, or so near that nobody can be named. */
export interface Spoiler {
  readonly personId: string;
  readonly victimId: string;
  /** Of the victim's photos that were recognised without the newcomer, how many are not with them. */
  readonly taken: number;
  readonly of: number;
}

/** What a photo is recognised by. */
interface Rule {
  readonly falseAcceptTarget: number;
  readonly constants: DecisionConstants;
}

/**
 * The newcomers whose photos spoil the recognition of people who were known: the same person under a second name, photos of somebody else, or
 * a near double. Each is judged alone, out of fold and at one threshold, so a gallery that merely grew spoils nobody.
 */
export function spoilers(samples: readonly Described[], known: ReadonlySet<string>, rule: Rule): readonly Spoiler[] {
  const centroids = centroidsOf(samples);
  const [old, newcomers] = [centroids.filter((c) => known.has(c.personId)), centroids.filter((c) => !known.has(c.personId))];
  if (newcomers.length === 0) return [];
  const tallies = new Map<string, { recognised: number; readonly taken: Map<string, number> }>();
  for (const photo of recognisedAmong(
    old,
    samples.filter((s) => known.has(s.personId)),
    rule,
  )) {
    const tally = tallies.get(photo.personId) ?? { recognised: 0, taken: new Map<string, number>() };
    tally.recognised++;
    for (const { personId, direction } of newcomers) {
      if (photo.remainsWith(distanceOf(dot(photo.descriptor, direction)))) continue;
      tally.taken.set(personId, (tally.taken.get(personId) ?? 0) + 1);
    }
    tallies.set(photo.personId, tally);
  }
  return [...tallies].flatMap(([victimId, { recognised, taken }]) =>
    [...taken]
      .filter(([, count]) => count >= TAKEN_MIN && count >= TAKEN_SHARE * recognised)
      .map(([personId, count]) => ({ personId, victimId, taken: count, of: recognised })),
  );
}

interface RecognisedPhoto {
  readonly personId: string;
  readonly descriptor: Float64Array;
  /** Whether it is still recognised beside one more person at this distance. */
  remainsWith(distance: number): boolean;
}

function* recognisedAmong(
  people: readonly Centroid[],
  samples: readonly Described[],
  { falseAcceptTarget, constants }: Rule,
): Generator<RecognisedPhoto, void, undefined> {
  const own = ownWithoutFold(samples);
  for (const sample of samples) {
    const { photos, direction } = own(sample);
    if (photos === 0) continue;
    const descriptor = Float64Array.from(sample.descriptor);
    const ownDistance = distanceOf(dot(descriptor, direction));
    const [nearestOther] = nearestOthers(sample.personId, descriptor, people);
    const limit = threshold({ people: people.length, photos, falseAcceptTarget }, constants);
    const recognisedBeside = (other: number | undefined): boolean =>
      ownDistance < (other ?? Number.POSITIVE_INFINITY) && cappedMargin(ownDistance, other, constants) <= limit;
    if (!recognisedBeside(nearestOther)) continue;
    const remainsWith = (distance: number): boolean => recognisedBeside(Math.min(distance, nearestOther ?? distance));
    yield { personId: sample.personId, descriptor, remainsWith };
  }
}
