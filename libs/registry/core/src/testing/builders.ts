import { sha256Hex } from '@facehash/kernel';
import type { Person, Photo } from '../ports.js';

const STORAGE_ID = 'fm-0001-test';

export function aPerson(name = 'Ann', overrides: Partial<Person> = {}): Person {
  return {
    id: `per_${sha256Hex(name).slice(0, 12)}`,
    storageId: STORAGE_ID,
    name,
    externalId: null,
    metadata: {},
    createdAt: '2026-01-01T00:00:00.000Z',
    ...overrides,
  };
}

/** A photo row of this person; `content` stands for its bytes. */
export function aPhoto(person: Person, content = 'photo', overrides: Partial<Photo> = {}): Photo {
  return {
    storageId: person.storageId,
    personId: person.id,
    sha256: sha256Hex(content),
    sizeBytes: content.length,
    addedAt: '2026-01-01T00:00:00.000Z',
    quality: { sizePx: 100, sharpness: 50, brightness: 120, turn: 0.1 },
    ...overrides,
  };
}
