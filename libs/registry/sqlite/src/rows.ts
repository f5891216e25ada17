import type { Person, Photo } from '@facehash/registry-core';
import { z } from 'zod';

/** Rows as SQLite gives them → values of the port. A row that is not what the schema says is corrupt and throws. */

const personRow = z.object({
  storage_id: z.string(),
  id: z.string(),
  name: z.string(),
  external_id: z.string().nullable(),
  metadata: z.string(),
  created_at: z.string(),
});
const metadata = z.record(z.string(), z.string());

const photoRow = z.object({
  storage_id: z.string(),
  person_id: z.string(),
  sha256: z.string(),
  size_bytes: z.number(),
  added_at: z.string(),
  quality: z.string(),
});
const quality = z.object({ sizePx: z.number(), sharpness: z.number(), brightness: z.number() });

export function toPerson(row: unknown): Person {
  const r = personRow.parse(row);
  return { id: r.id, storageId: r.storage_id, name: r.name, externalId: r.external_id, metadata: metadata.parse(JSON.parse(r.metadata)), createdAt: r.created_at };
}

export function toPhoto(row: unknown): Photo {
  const r = photoRow.parse(row);
  return { storageId: r.storage_id, personId: r.person_id, sha256: r.sha256, sizeBytes: r.size_bytes, addedAt: r.added_at, quality: quality.parse(JSON.parse(r.quality)) };
}

export function numberIn(row: Readonly<Record<string, unknown>> | undefined, column: string): number {
  const value = row?.[column];
  if (typeof value !== 'number') throw new TypeError(`column ${column} holds no number`);
  return value;
}
