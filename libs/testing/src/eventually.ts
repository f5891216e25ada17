import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

const WITHIN_MS = 30_000;
const PASSES_WITHIN_MS = 15_000;
const REST_MS = { min: 20, max: 200 };
const CHARACTERS_MAX = 1_000;

export interface Patience {
  readonly withinMs?: number;
  /** Between two looks. Without it twice as long as the look took, 20 ms at least and 200 at most: a kubectl gets a third of the time. */
  readonly everyMs?: number;
}

/**
 * Looks again and again until what is seen holds, and resolves to that; without `holds` until it is neither `false` nor `undefined`. A look
 * that fails is a no. Rejects after `withinMs` (30 s) with what was seen last and the last failure, which is its cause. A look that has
 * begun is not broken off.
 */
export function eventually<T>(look: () => T | Promise<T>, patience?: Patience): Promise<Exclude<T, false | undefined>>;
export function eventually<T>(look: () => T | Promise<T>, holds: (seen: T) => boolean, patience?: Patience): Promise<T>;
export async function eventually<T>(
  look: () => T | Promise<T>,
  second: ((seen: T) => boolean) | Patience = {},
  third: Patience = {},
): Promise<T> {
  const [holds, { withinMs = WITHIN_MS, everyMs }] = typeof second === 'function' ? [second, third] : [isThere, second];
  const began = performance.now();
  const seen: T[] = [];
  const failures: unknown[] = [];
  for (;;) {
    const lookedAt = performance.now();
    try {
      const found = await look();
      seen.splice(0, 1, found);
      if (holds(found)) return found;
    } catch (failure) {
      failures.splice(0, 1, failure);
    }
    const now = performance.now();
    const leftMs = began + withinMs - now;
    if (leftMs <= 0) throw gaveUp({ waitedMs: now - began, seen, failures });
    await sleep(Math.min(leftMs, everyMs ?? restMs(now - lookedAt)));
  }
}

/** What `work` resolves to as soon as it does not throw; what it threw last if that takes longer than `withinMs` (15 s). */
export async function untilItPasses<T>(work: () => T | Promise<T>, { withinMs = PASSES_WITHIN_MS, everyMs }: Patience = {}): Promise<T> {
  const latest = performance.now() + withinMs;
  for (;;) {
    const began = performance.now();
    try {
      return await work();
    } catch (error) {
      const now = performance.now();
      if (now >= latest) throw error;
      await sleep(Math.min(latest - now, everyMs ?? restMs(now - began)));
    }
  }
}

function isThere(seen: unknown): boolean {
  return seen !== false && seen !== undefined;
}

function restMs(lookTookMs: number): number {
  return Math.min(REST_MS.max, Math.max(REST_MS.min, 2 * lookTookMs));
}

interface Seen {
  readonly waitedMs: number;
  /** The last one, if there was any. */
  readonly seen: readonly unknown[];
  readonly failures: readonly unknown[];
}

function gaveUp({ waitedMs, seen, failures }: Seen): Error {
  const sentences = [
    ...seen.map((last) => `what was seen last: ${inspect(last, { breakLength: Infinity, maxStringLength: CHARACTERS_MAX })}`),
    ...failures.map((last) => `the last failure: ${String(last)}`),
  ];
  const [cause] = failures;
  return new Error(`it did not come to hold in ${(waitedMs / 1000).toFixed(1)} s; ${sentences.map(short).join('; ')}`, { cause });
}

function short(text: string): string {
  return text.length > CHARACTERS_MAX ? `${text.slice(0, CHARACTERS_MAX)}…` : text;
}
