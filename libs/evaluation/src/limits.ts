import { threshold } from '@facehash/classifier-core';

/** The largest distance or score that is accepted, by the number of photos behind the centroid. */
export type Limit = (photos: number) => number;

/** Each value is computed once: a report asks for some hundred thousand. */
export function limitAt(falseAcceptTarget: number, people: number): Limit {
  const known = new Map<number, number>();
  return (photos) => {
    const value = known.get(photos) ?? threshold({ people, photos, falseAcceptTarget });
    known.set(photos, value);
    return value;
  };
}
