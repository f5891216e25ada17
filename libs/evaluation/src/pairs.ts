import { rounded } from './clopper-pearson.js';
import { limitAt, type Limit } from './limits.js';
import type { Probe } from './probes.js';
import type { PairReport, PhotoReport } from './report.js';
import { sizeOf, type Gallery, type Space } from './space.js';

/** The target by which people and photos are called alike: fixed, so that what is reported does not change with the version's own. */
const SUSPICION_TARGET = 0.01;

const DISTANCE_DECIMALS = 1e4;

interface Pair {
  readonly people: readonly [number, number];
  readonly nearer: [number, number];
  readonly taken: [number, number];
}

/** Every two people of whom a photo of one lies near the other, the most alike first. */
export function confusedPairs(gallery: Gallery, probes: readonly Probe[], descriptors: Space): readonly PairReport[] {
  const limit = limitAt(SUSPICION_TARGET, sizeOf(gallery));
  const pairs = new Map<number, Pair>();
  for (const { person, ownDistance, others } of probes) {
    for (const other of others) {
      const nearer = ownDistance !== undefined && other.distance < ownDistance;
      const taken = other.distance <= limit(gallery.photos[other.person] ?? 1);
      if (!nearer && !taken) continue;
      const pair = pairOf(pairs, gallery, [person, other.person]);
      const side = person < other.person ? 0 : 1;
      if (nearer) pair.nearer[side]++;
      if (taken) pair.taken[side]++;
    }
  }
  return [...pairs.values()].map((pair) => reportOf(pair, gallery, descriptors)).sort(byLikeness);
}

function pairOf(pairs: Map<number, Pair>, { people }: Gallery, [a, b]: readonly [number, number]): Pair {
  const [first, second] = a < b ? [a, b] : [b, a];
  const key = first * people.length + second;
  const pair = pairs.get(key) ?? { people: [first, second], nearer: [0, 0], taken: [0, 0] };
  pairs.set(key, pair);
  return pair;
}

function reportOf({ people: [a, b], nearer, taken }: Pair, { people, photos }: Gallery, descriptors: Space): PairReport {
  const counts: [number, number] = [photos[a] ?? 0, photos[b] ?? 0];
  return {
    people: [people[a] ?? '', people[b] ?? ''],
    distance: rounded(Math.sqrt(descriptors.betweenPair(a, b)), DISTANCE_DECIMALS),
    photos: counts,
    nearer,
    taken,
    onePersonLikely: looksLikeOne(taken, counts),
  };
}

/**
 * More than half of all their photos would be taken for the other, and more than a third of either's: so neither a photo of the wrong person
 * nor a record with a single photo is enough. Tried on Labeled Faces in the Wild, 82 people with 1 to 10 photos each: all of 25 people who
 * were split into two records are found, and no two others.
 */
function looksLikeOne(taken: readonly [number, number], photos: readonly [number, number]): boolean {
  const ofBoth = 2 * (taken[0] + taken[1]) > photos[0] + photos[1];
  return ofBoth && 3 * taken[0] > photos[0] && 3 * taken[1] > photos[1];
}

function byLikeness(a: PairReport, b: PairReport): number {
  const both = ([first, second]: readonly [number, number]) => first + second;
  return (
    Number(b.onePersonLikely) - Number(a.onePersonLikely) ||
    both(b.nearer) - both(a.nearer) ||
    both(b.taken) - both(a.taken) ||
    a.distance - b.distance ||
    compared(a.people.join(), b.people.join())
  );
}

/** Photos that lie nearer to another person than to their own, the most certain first. */
export function suspiciousPhotos(gallery: Gallery, probes: readonly Probe[], pairs: readonly PairReport[]): readonly PhotoReport[] {
  const alike = new Set(pairs.filter((p) => p.onePersonLikely).map((p) => p.people.join()));
  const judge = { gallery, alike, limit: limitAt(SUSPICION_TARGET, sizeOf(gallery)) };
  return probes.flatMap((probe) => suspicion(probe, judge)).sort(byCertainty);
}

function suspicion(
  { photo, ownDistance, others: [nearest], result }: Probe,
  { gallery, alike, limit }: { readonly gallery: Gallery; readonly alike: ReadonlySet<string>; readonly limit: Limit },
): readonly PhotoReport[] {
  if (!result || result.correct || ownDistance === undefined || !nearest) return [];
  const { personId } = result;
  const id = gallery.people[nearest.person] ?? '';
  const likeOther = nearest.distance <= limit(gallery.photos[nearest.person] ?? 1);
  const ofOther = likeOther && ownDistance > limit(result.photosBehind);
  return [
    {
      photo,
      personId,
      ownDistance: rounded(ownDistance, DISTANCE_DECIMALS),
      nearest: { id, distance: rounded(nearest.distance, DISTANCE_DECIMALS) },
      verdict: alike.has([personId, id].sort().join()) ? 'OnePersonTwice' : ofOther ? 'OtherPerson' : 'Unclear',
    },
  ];
}

const CERTAINTY: Readonly<Record<PhotoReport['verdict'], number>> = { OtherPerson: 0, Unclear: 1, OnePersonTwice: 2 };

function byCertainty(a: PhotoReport, b: PhotoReport): number {
  const margin = (p: PhotoReport) => p.ownDistance - p.nearest.distance;
  return (
    CERTAINTY[a.verdict] - CERTAINTY[b.verdict] || margin(b) - margin(a) || compared(a.photo, b.photo) || compared(a.personId, b.personId)
  );
}

/** By code unit: the same everywhere, unlike a comparison by the machine's language. */
export function compared(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
