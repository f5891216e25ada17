import { acceptLimit, type DecisionConstants, type StrangerScores } from '@facehash/classifier-core';

/** The largest distance or score that is accepted, by the number of photos behind the centroid. */
export type Limit = (photos: number) => number;

export interface LimitOf {
  readonly people: number;
  readonly strangers: StrangerScores;
  readonly constants: DecisionConstants;
}

/** As the version itself decides. Each value is computed once: a report asks for some hundred thousand. */
export function limitAt(falseAcceptTarget: number, { people, strangers, constants }: LimitOf): Limit {
  const known = new Map<number, number>();
  return (photos) => {
    const value = known.get(photos) ?? acceptLimit({ people, photos, falseAcceptTarget }, strangers, constants);
    known.set(photos, value);
    return value;
  };
}
