import { decodeDocument } from '@facehash/artifacts';
import { FaceHashError, sha256Hex } from '@facehash/kernel';
import { z } from 'zod';

/**
 * An archive is a sequence of entries, so that neither side needs to hold it: `manifest.json`, then pages of people, pages of photo rows,
 * the objects, and `end.json`, without which it is not whole. What is in between carries the digest of its bytes in its name.
 */
export interface ArchiveEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export const MANIFEST = 'manifest.json';
export const END = 'end.json';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);

export const archiveManifestSchema = z.strictObject({
  format: z.literal('facehash-model'),
  v: z.literal(1, 'is of another FaceHash: only format 1 is known here'),
  exportedAt: z.string(),
  storageId: z.string(),
  /** The FaceModel as `apply -f` takes it. No key. */
  model: z.unknown(),
  counter: count,
  quarantined: z.array(
    z.strictObject({ personId: z.string(), photosDigest: digest, run: z.string(), message: z.string(), at: z.string() }),
  ),
  /** When the export began: what a person is told. `end.json` has what is really there. */
  counts: z.strictObject({ people: count, photos: count }),
});
export type ArchiveManifest = z.output<typeof archiveManifestSchema>;

export const archiveEndSchema = z.strictObject({
  v: z.literal(1),
  manifestSha256: digest,
  counts: z.strictObject({ people: count, photos: count, objects: count }),
});
export type ArchiveEnd = z.output<typeof archiveEndSchema>;

export const personRowSchema = z.strictObject({
  id: z.string().min(1).max(100),
  name: z.string().min(1).max(200),
  externalId: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  createdAt: z.string(),
});

export const photoRowSchema = z.strictObject({
  personId: z.string(),
  sha256: digest,
  sizeBytes: count,
  addedAt: z.string(),
  quality: z.strictObject({ sizePx: z.number(), sharpness: z.number(), brightness: z.number(), turn: z.number() }),
});

/** What stands between the first and the last entry. */
export type Content =
  | { readonly kind: 'people' | 'photos'; readonly page: number; readonly sha256: string }
  /** `key` is below the model's prefix. */
  | { readonly kind: 'object'; readonly key: string; readonly sha256: string };

export function nameOf(content: Content): string {
  if (content.kind === 'object') return `objects/${content.sha256}/${content.key}`;
  return `${content.kind}/${content.sha256}/${String(content.page).padStart(6, '0')}.jsonl`;
}

/** Everything that an archive may bring into a store; a run's reports stay where they were made. */
const objectKey = /^(?:photos\/[^/]+|stages\/[^/]+|samples|parts|versions\/[^/]+)\/[^/]+$|^active\.json$/;
/** Named by their content. */
const contentAddressed = /^(?:photos\/[^/]+|parts)\/([0-9a-f]{64})$/;

/** What an entry holds, once its bytes are those that were exported. Throws ARTIFACT_CORRUPT. */
export function contentOf({ name, bytes }: ArchiveEntry): Content {
  const [, area, sha256, rest] = /^(people|photos|objects)\/([0-9a-f]{64})\/(.+)$/s.exec(name) ?? [];
  if (area === undefined || sha256 === undefined || rest === undefined) throw corrupt(name, 'does not belong into such an archive');
  if (sha256Hex(bytes) !== sha256) throw corrupt(name, 'is damaged: its bytes are not those that were exported');
  if (area === 'objects') return { kind: 'object', key: checkedKey(name, rest, sha256), sha256 };
  return { kind: area === 'people' ? 'people' : 'photos', page: Number.parseInt(rest, 10), sha256 };
}

function checkedKey(name: string, key: string, sha256: string): string {
  if (!objectKey.test(key)) throw corrupt(name, 'is no object of a model');
  const addressed = contentAddressed.exec(key)?.[1];
  if (addressed !== undefined && addressed !== sha256) throw corrupt(name, 'is not the content that it is named by');
  return key;
}

/** A page of rows, one JSON document a line. */
export function encodeRows(rows: readonly unknown[]): Uint8Array {
  return new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

export function decodeRows<T>(schema: z.ZodType<T>, { name, bytes }: ArchiveEntry): readonly T[] {
  const lines = new TextDecoder().decode(bytes).split('\n');
  const texts = lines.filter((line) => line !== '');
  return texts.map((line) => decodeDocument(schema, new TextEncoder().encode(line), name));
}

export function corrupt(path: string, message: string): FaceHashError {
  return new FaceHashError('ARTIFACT_CORRUPT', { problems: [{ path, message }] });
}

/** How far whoever reads or writes the entries has come: 1 for each photo. `total` is known from the manifest on. */
export async function* archiveProgress(
  entries: AsyncIterable<ArchiveEntry>,
  onPhoto: (progress: { readonly done: number; readonly total: number }) => void,
): AsyncIterable<ArchiveEntry> {
  let total = 0;
  let done = 0;
  for await (const entry of entries) {
    if (entry.name === MANIFEST) total = decodeDocument(archiveManifestSchema, entry.bytes, MANIFEST).counts.photos;
    if (/^objects\/[0-9a-f]{64}\/photos\//.test(entry.name)) onPhoto({ done: ++done, total });
    yield entry;
  }
}
