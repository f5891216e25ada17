import type { Erasure, Person, Photo, PhotoRemoval } from '@facehash/registry-core';
import { z } from 'zod';
import type { Row } from './database.js';

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
const quality = z.object({ sizePx: z.number(), sharpness: z.number(), brightness: z.number(), turn: z.number() });

const erasureRow = z.object({
  storage_id: z.string(),
  person_id: z.string(),
  requested_at: z.string(),
  photos: z.number(),
  masked_at: z.string().nullable(),
  completed_at: z.string().nullable(),
});

export function toPerson(row: Row | undefined): Person {
  const { storage_id: storageId, id, name, external_id: externalId, created_at: createdAt, ...rest } = personRow.parse(row);
  return { id, storageId, name, externalId, metadata: metadata.parse(JSON.parse(rest.metadata)), createdAt };
}

export function toPhoto(row: Row): Photo {
  const { storage_id: storageId, person_id: personId, sha256, size_bytes: sizeBytes, added_at: addedAt, ...rest } = photoRow.parse(row);
  return { storageId, personId, sha256, sizeBytes, addedAt, quality: quality.parse(JSON.parse(rest.quality)) };
}

export function toErasure(row: Row): Erasure {
  const { storage_id: storageId, person_id: personId, photos, ...times } = erasureRow.parse(row);
  return { storageId, personId, photos, requestedAt: times.requested_at, maskedAt: times.masked_at, completedAt: times.completed_at };
}

export function toRemoval(row: Row): PhotoRemoval {
  const [storageId, personId] = [textIn(row, 'storage_id'), textIn(row, 'person_id')];
  return { storageId, personId, sha256: textIn(row, 'sha256'), removedAt: textIn(row, 'removed_at') };
}

export function numberIn(row: Row | undefined, column: string): number {
  return z.number().parse(row?.[column]);
}

export function textIn(row: Row, column: string): string {
  return z.string().parse(row[column]);
}
