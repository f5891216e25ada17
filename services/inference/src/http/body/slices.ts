import { setImmediate as othersFirst } from 'node:timers/promises';

/** A part of something in memory: from its first byte to before `to`. */
export interface Slice {
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts `length` bytes into slices, and lets the event loop turn before each but the first: a body of many megabytes must not keep other
 * calls, health probes and lease renewals waiting. What fits into one slice waits for nothing.
 */
export async function* slicesOf(length: number, sliceBytes: number): AsyncGenerator<Slice, void> {
  for (let from = 0; from < length; from += sliceBytes) {
    if (from > 0) await othersFirst();
    yield { from, to: Math.min(from + sliceBytes, length) };
  }
}
