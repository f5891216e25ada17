import { FaceHashError } from '@facehash/kernel';
import type { NewPerson } from './types.js';

const NAME_MAX = 200;
const EXTERNAL_ID_MAX = 200;
const METADATA_ENTRIES_MAX = 50;
const METADATA_VALUE_MAX = 500;
/** Control and format characters: invisible, and a way to make two names look alike. */
const invisible = /[\p{Cc}\p{Cf}]/u;

/** The parts of a person that were given, checked and normalised: NFC, trimmed. Throws REQUEST_INVALID with every fault. */
export function checkedPerson(input: Partial<NewPerson>): Partial<NewPerson> {
  const problems: { path: string; message: string }[] = [];
  const text = (path: string, value: string, max: number): string => {
    const normal = value.normalize('NFC').trim();
    if (normal.length === 0) problems.push({ path, message: 'must not be empty' });
    if (normal.length > max) problems.push({ path, message: `must have at most ${max} characters` });
    if (invisible.test(normal)) problems.push({ path, message: 'must not hold control or invisible characters' });
    return normal;
  };
  const { name, externalId, metadata } = input;
  const checked: Partial<NewPerson> = {
    ...(name === undefined ? {} : { name: text('name', name, NAME_MAX) }),
    ...(externalId === undefined ? {} : { externalId: externalId === null ? null : text('externalId', externalId, EXTERNAL_ID_MAX) }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
  };
  const entries = Object.entries(metadata ?? {});
  if (entries.length > METADATA_ENTRIES_MAX) problems.push({ path: 'metadata', message: `must have at most ${METADATA_ENTRIES_MAX} entries` });
  for (const [key, value] of entries) {
    if (key.length > 100 || value.length > METADATA_VALUE_MAX) problems.push({ path: `metadata.${key.slice(0, 100)}`, message: 'is too long' });
  }
  if (problems.length > 0) throw new FaceHashError('REQUEST_INVALID', { problems });
  return checked;
}
