import { seededRandom, sha256Hex, type Random } from '@facehash/kernel';
import type { TrainingSample } from '../ports.js';

export interface GalleryOptions {
  readonly people: number;
  readonly photos: number;
  readonly seed?: number;
  /** Length of a photo's own share of a descriptor; the default puts photos of a person about 0.35 apart. */
  readonly noise?: number;
}

/** How many ratios the synthetic samples have: any number that is not the descriptor's will do. */
export const RATIO_COUNT = 12;

/**
 * Synthetic faces with the geometry of real ones: everybody shares a direction (descriptors fill a narrow cone), each person adds one
 * of its own and each photo another. Different people lie about 0.8 apart.
 */
export function aGallery({ people, photos, seed = 1, noise = 0.24 }: GalleryOptions): TrainingSample[] {
  const random = seededRandom(seed);
  return Array.from({ length: people }, (_, p) => {
    const person = aPerson(random);
    return Array.from({ length: photos }, (_, i) =>
      aPhotoOf(person, { personId: `per_${String(p).padStart(4, '0')}`, name: `${seed} ${p} ${i}`, noise, random }),
    );
  }).flat();
}

/** Faces of people who are not in a gallery of another seed. */
export function someStrangers(count: number, seed: number): TrainingSample[] {
  return aGallery({ people: count, photos: 1, seed });
}

interface SyntheticPerson {
  readonly direction: Float64Array;
  readonly ratios: Float32Array;
}

function aPerson(random: Random): SyntheticPerson {
  return { direction: gaussian(128, random), ratios: Float32Array.from({ length: RATIO_COUNT }, (_, i) => i + 1 + 0.2 * normal(random)) };
}

function aPhotoOf(
  person: SyntheticPerson,
  { personId, name, noise, random }: { readonly personId: string; readonly name: string; readonly noise: number; readonly random: Random },
): TrainingSample {
  const own = gaussian(128, random);
  const descriptor = unit(person.direction.map((value, i) => (i === 0 ? 0.82 : 0) + 0.47 * value + noise * (own[i] ?? 0)));
  return {
    personId,
    photo: sha256Hex(name),
    descriptor: Float32Array.from(descriptor),
    ratios: person.ratios.map((value) => value + 0.1 * normal(random)),
  };
}

function gaussian(length: number, random: Random): Float64Array {
  return unit(Float64Array.from({ length }, () => normal(random)));
}

function unit(vector: Float64Array): Float64Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Box-Muller transform. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
