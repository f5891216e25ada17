import type { Erasure, Person, Photo, PhotoRemoval } from '@facehash/registry-core';
import { z } from 'zod';
import { rowKey } from './keys.js';
import type { Row } from './tables.js';

/**
 * Values of the port ↔ rows. A row that is not what the schema says is corrupt and throws.
 *
 * A row of `people`:  person → erasing (who it was is gone, photos are still to be turned) → erased → completed
 * A row of `photos`:  pending (not yet to be seen) → photo → removal → no row
 * A step is one change of one row, and none is ever taken back but pending → no row.
 */
export const ERASED = ['erasing', 'erased', 'completed'] as const;

const personRow = z.object({
  storageId: z.string(),
  personId: z.string(),
  name: z.string(),
  externalId: z.string().nullable(),
  metadata: z.array(z.object({ key: z.string(), value: z.string() })),
  createdAt: z.string(),
});

const erasureRow = z.object({
  storageId: z.string(),
  personId: z.string(),
  requestedAt: z.string(),
  photos: z.number(),
  maskedAt: z.string().nullable(),
  completedAt: z.string().nullable(),
});

const photoRow = z.object({
  storageId: z.string(),
  personId: z.string(),
  sha256: z.string(),
  sizeBytes: z.number(),
  addedAt: z.string(),
  quality: z.object({ sizePx: z.number(), sharpness: z.number(), brightness: z.number(), turn: z.number() }),
});

const removalRow = z.object({ storageId: z.string(), personId: z.string(), sha256: z.string(), removedAt: z.string() });

/** Who holds which photo of a content, and on whose behalf. */
const holdingRow = z.object({
  storageId: z.string(),
  personId: z.string(),
  sha256: z.string(),
  state: z.enum(['pending', 'photo', 'removal']),
  /** The person where others may have it, too; else nobody. */
  holder: z.string(),
  /** The call that wrote it. */
  token: z.string(),
});
export type Holding = z.infer<typeof holdingRow>;

type PersonRow = Row & { readonly _id: string };

/** `token` tells a call whose answer was lost that the row is its own. */
export function fromPerson({ id, storageId, metadata, ...rest }: Person, token: string): PersonRow {
  return { _id: rowKey(storageId, id), storageId, personId: id, state: 'person', ...rest, metadata: pairs(metadata), token };
}

export function toPerson(row: Row): Person {
  const { storageId, personId: id, name, externalId, metadata, createdAt } = personRow.parse(row);
  return { id, storageId, name, externalId, metadata: Object.fromEntries(metadata.map(({ key, value }) => [key, value])), createdAt };
}

export function pairs(metadata: Person['metadata']): readonly { readonly key: string; readonly value: string }[] {
  return Object.entries(metadata).map(([key, value]) => ({ key, value }));
}

export function toPhoto(row: Row): Photo {
  return photoRow.parse(row);
}

export function toErasure(row: Row): Erasure {
  return erasureRow.parse(row);
}

export function toRemoval(row: Row): PhotoRemoval {
  return removalRow.parse(row);
}

export function toHolding(row: Row): Holding {
  return holdingRow.parse(row);
}

export function textIn(row: Row, field: string): string {
  return z.string().parse(row[field]);
}

export function numberIn(row: Row | undefined, field: string): number {
  return z.number().parse(row?.[field]);
}
