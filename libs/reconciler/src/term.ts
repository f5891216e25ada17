import { decodeDocument, encodeDocument, layout } from '@facehash/artifacts';
import { backoffMs, type Clock, type Random } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import { z } from 'zod';

const PAUSE = { firstMs: 20, maxMs: 1000 };

const termSchema = z.strictObject({ v: z.literal(1), term: z.int().min(1) });

/** Of the controller that took one last; 0 before the first. */
export async function newestTerm(objects: Pick<ObjectStore, 'read'>, signal: AbortSignal): Promise<number> {
  const key = layout.controllerTerm;
  const stored = await objects.read(key, signal);
  return stored ? decodeDocument(termSchema, stored.bytes, key).term : 0;
}

/**
 * The next term, which no other controller has had or will have: what a controller of a lower one publishes is ignored from the moment in
 * which one of a higher term has published. Rejects with STORE_UNAVAILABLE, and with the signal's reason once that aborts.
 */
export async function takeTerm(
  objects: Pick<ObjectStore, 'read' | 'replace'>,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  signal: AbortSignal,
): Promise<number> {
  const key = layout.controllerTerm;
  for (let tries = 0; ; tries++) {
    const before = await objects.read(key, signal);
    const term = (before ? decodeDocument(termSchema, before.bytes, key).term : 0) + 1;
    if ((await objects.replace(key, encodeDocument({ v: 1, term }), before?.revision ?? null, signal)) !== undefined) return term;
    await clock.sleep(backoffMs(tries, PAUSE, random), signal);
  }
}
