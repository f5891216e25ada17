import { canonicalJson, FaceHashError, hasCode, sha256Hex } from '@facehash/kernel';
import { z } from 'zod';
import { sha256 } from './sha256.js';

/** The people and photos of a model at one value of its counter. Ids and digests only: no names. */
export const snapshotSchema = z.strictObject({
  v: z.literal(1),
  storageId: z.string(),
  counter: z.int().min(1),
  /** Ordered by id; photos ordered by digest: equal samples give equal bytes but for the counter. */
  people: z.array(z.strictObject({ id: z.string(), photos: z.array(sha256).min(1) })),
});
export type Snapshot = z.output<typeof snapshotSchema>;

/** What `samples/latest.json` holds. Moves forward only. */
export const latestPointerSchema = z.strictObject({
  v: z.literal(1),
  counter: z.int().min(1),
  /** `samplesDigest` of the snapshot, and its `sampleCounts`. */
  digest: sha256,
  people: z.int().min(0),
  photos: z.int().min(0),
});
export type LatestPointer = z.output<typeof latestPointerSchema>;

/** Identifies what a version would be trained on: the same people with the same photos, whatever the counter says. */
export function samplesDigest(snapshot: Pick<Snapshot, 'people'>): string {
  return sha256Hex(canonicalJson(snapshot.people));
}

/** Identifies the photos of one person. */
export function photosDigest({ photos }: Pick<Snapshot['people'][number], 'photos'>): string {
  return sha256Hex(canonicalJson(photos));
}

export function sampleCounts(snapshot: Pick<Snapshot, 'people'>): { readonly people: number; readonly photos: number } {
  return { people: snapshot.people.length, photos: snapshot.people.reduce((n, p) => n + p.photos.length, 0) };
}

/** Reads a stored JSON document; ARTIFACT_CORRUPT when it is not what its schema says. */
export function decodeDocument<T>(schema: z.ZodType<T>, bytes: Uint8Array, key: string): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FaceHashError('ARTIFACT_CORRUPT', { key }, { cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new FaceHashError('ARTIFACT_CORRUPT', { key, problem: z.prettifyError(parsed.error) });
  return parsed.data;
}

/** The document, or undefined where `decodeDocument` would call it corrupt: for a reader to whom a damaged one is none. */
export function decodeIfSound<T>(schema: z.ZodType<T>, bytes: Uint8Array, key: string): T | undefined {
  try {
    return decodeDocument(schema, bytes, key);
  } catch (error) {
    if (hasCode(error, 'ARTIFACT_CORRUPT')) return undefined;
    throw error;
  }
}

export function encodeDocument(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${canonicalJson(value)}\n`);
}
