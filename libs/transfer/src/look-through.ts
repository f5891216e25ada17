import { decodeDocument } from '@facehash/artifacts';
import { canonicalJson, sha256Hex } from '@facehash/kernel';
import {
  archiveEndSchema,
  archiveManifestSchema,
  contentOf,
  corrupt,
  decodeRows,
  END,
  MANIFEST,
  personRowSchema,
  photoRowSchema,
  type ArchiveEnd,
  type ArchiveEntry,
  type ArchiveManifest,
} from './archive.js';

export interface WholeArchive {
  readonly manifest: ArchiveManifest;
  readonly end: ArchiveEnd;
}

/** Reads all of an archive and writes nothing: it is whole, and every byte is as it was exported. Throws ARTIFACT_CORRUPT, with what is wrong. */
export async function lookThrough(entries: AsyncIterable<ArchiveEntry>, signal?: AbortSignal): Promise<WholeArchive> {
  const counts = { people: 0, photos: 0, objects: 0 };
  let first: { readonly manifest: ArchiveManifest; readonly sha256: string } | undefined;
  let end: ArchiveEnd | undefined;
  for await (const entry of entries) {
    signal?.throwIfAborted();
    if (end) throw corrupt(entry.name, 'comes after the end');
    if (!first) first = readFirst(entry);
    else if (entry.name === END) end = decodeDocument(archiveEndSchema, entry.bytes, END);
    else count(entry, counts);
  }
  if (!first || !end) throw corrupt(first ? END : MANIFEST, 'is missing: the archive was cut off');
  requireMatch(end, { manifestSha256: first.sha256, counts });
  return { manifest: first.manifest, end };
}

function requireMatch(end: ArchiveEnd, { manifestSha256, counts }: Pick<ArchiveEnd, 'manifestSha256' | 'counts'>): void {
  if (end.manifestSha256 !== manifestSha256) throw corrupt(MANIFEST, 'is not that of the export');
  if (canonicalJson(counts) !== canonicalJson(end.counts)) throw corrupt(END, 'counts other than there is');
}

function readFirst({ name, bytes }: ArchiveEntry): { readonly manifest: ArchiveManifest; readonly sha256: string } {
  if (name !== MANIFEST) throw corrupt(name, 'comes first: this is no archive of a FaceHash model');
  return { manifest: decodeDocument(archiveManifestSchema, bytes, name), sha256: sha256Hex(bytes) };
}

function count(entry: ArchiveEntry, counts: { people: number; photos: number; objects: number }): void {
  const { kind } = contentOf(entry);
  if (kind === 'object') counts.objects++;
  else if (kind === 'people') counts.people += decodeRows(personRowSchema, entry).length;
  else counts.photos += decodeRows(photoRowSchema, entry).length;
}
