import { isIndexRefused } from './mongo-errors.js';
import { numberIn } from './rows.js';
import type { Index, Row, Table, Tables } from './tables.js';

/** What an older FaceHash could not work beside. Until there is reason for another, what is added is added beside what is there. */
const MAJOR = 1;
const VERSION = 'registry';

/** Adds something that whoever does not know it can do without. Two may take the same step at once, and one may take it again. */
export type Step = (tables: Tables) => Promise<void>;
/** Steps of the schema, in order. A step that was released never changes: add another. */
const steps: readonly Step[] = [];

/** What the registry reads by. Strings are compared by their bytes: no collation. */
export const indexes: Readonly<Record<'people' | 'photos', readonly Index[]>> = {
  people: [
    { name: 'names', key: { storageId: 1, state: 1, name: 1 }, unique: true },
    { name: 'states', key: { state: 1, _id: 1 } },
  ],
  photos: [
    { name: 'holders', key: { storageId: 1, sha256: 1, holder: 1 }, unique: true },
    { name: 'states', key: { state: 1, _id: 1 } },
  ],
};

/**
 * Makes what is missing and brings the schema to the newest version, beside others that do the same or work with an older one. What this
 * program may not work with, in words, or nothing.
 */
export async function prepare(tables: Tables, toTake: readonly Step[] = steps): Promise<string | undefined> {
  const key = { _id: VERSION };
  const isNew = (await tables.schema.one(key)) === undefined;
  // Who loses the race finds what the winner wrote.
  if (isNew) await tables.schema.insert({ ...key, major: MAJOR, minor: 0 });
  const version = await tables.schema.one(key);
  const major = numberIn(version, 'major');
  if (major !== MAJOR) return `the database is of another FaceHash: its schema is version ${major}, and ${MAJOR} is known here`;
  const trouble = (await makeIndexes('people', tables.people)) ?? (await makeIndexes('photos', tables.photos));
  if (trouble !== undefined) return trouble;
  for (const [from, step] of toTake.entries()) {
    if (numberIn(version, 'minor') > from) continue;
    await step(tables);
    await tables.schema.change({ ...key, major: MAJOR, minor: from }, { $set: { minor: from + 1 } });
  }
  return undefined;
}

async function makeIndexes(collection: keyof typeof indexes, table: Table): Promise<string | undefined> {
  const there = await table.indexes();
  for (const index of indexes[collection]) {
    const found = there.find(({ name }) => name === index.name);
    if (found && !isSame(found, index)) return refused(collection, index);
    if (found) continue;
    try {
      await table.makeIndex(index);
    } catch (error) {
      if (isIndexRefused(error)) return refused(collection, index);
      throw error;
    }
  }
  return undefined;
}

function isSame(found: Row, { key, unique = false }: Index): boolean {
  const limited = ['sparse', 'partialFilterExpression', 'collation', 'expireAfterSeconds'].some((option) => Boolean(found[option]));
  return JSON.stringify(found['key']) === JSON.stringify(key) && Boolean(found['unique']) === unique && !limited;
}

function refused(collection: string, { name, key, unique = false }: Index): string {
  const wanted = `${unique ? 'a unique' : 'an'} index ${name} on ${Object.keys(key).join(', ')}`;
  return `the collection ${collection} needs ${wanted}, and has another one or rows that do not allow it`;
}
