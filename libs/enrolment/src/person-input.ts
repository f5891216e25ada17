import { FaceHashError } from '@facehash/kernel';
import type { NewPerson } from './types.js';

const NAME_MAX = 200;
const EXTERNAL_ID_MAX = 200;
const METADATA_ENTRIES_MAX = 50;
const METADATA_KEY_MAX = 100;
const METADATA_VALUE_MAX = 500;
/** Control and format characters: invisible, and a way to make two names look alike. */
const invisible = /[\p{Cc}\p{Cf}]/u;

interface Problem {
  readonly path: string;
  readonly message: string;
}

/** The parts of a person that were given, checked and normalised: NFC, trimmed. Throws REQUEST_INVALID with every fault. */
export function checkedPerson(input: Partial<NewPerson>): Partial<NewPerson> {
  const problems: Problem[] = [];
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
  problems.push(...faultsIn(metadata ?? {}));
  if (problems.length > 0) throw new FaceHashError('REQUEST_INVALID', { problems });
  return checked;
}

function faultsIn(metadata: Readonly<Record<string, string>>): readonly Problem[] {
  const entries = Object.entries(metadata);
  const many = entries.length > METADATA_ENTRIES_MAX;
  const tooLong = entries.filter(([key, value]) => key.length > METADATA_KEY_MAX || value.length > METADATA_VALUE_MAX);
  return [
    ...(many ? [{ path: 'metadata', message: `must have at most ${METADATA_ENTRIES_MAX} entries` }] : []),
    ...tooLong.map(([key]) => ({ path: `metadata.${key.slice(0, METADATA_KEY_MAX)}`, message: 'is too long' })),
  ];
}
