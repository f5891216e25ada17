/**
 * How a look at one key ended. A fourth way is to throw, which means "could not find out" and is tried again with backoff.
 * - `settled`: nothing to do until something changes.
 * - `waiting`: for something that tells nobody when it has come; it is looked at again after a while, which counts as no failure.
 * - `terminal`: no retry will help, only a change of the object.
 */
export type Outcome =
  | { readonly kind: 'settled' }
  | { readonly kind: 'waiting'; readonly retryAfterMs: number; readonly why: string }
  | { readonly kind: 'terminal'; readonly why: string };

export const settled: Outcome = { kind: 'settled' };

export function waiting(retryAfterMs: number, why: string): Outcome {
  return { kind: 'waiting', retryAfterMs, why };
}

export function terminal(why: string): Outcome {
  return { kind: 'terminal', why };
}
