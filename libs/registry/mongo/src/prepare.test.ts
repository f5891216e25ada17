import { startServer } from '@facehash/test-servers';
import { Mongoose, type Connection } from 'mongoose';
import { openMongoRegistry } from './index.js';
import { indexes, prepare, type Step } from './prepare.js';
import { tablesOn, type Tables } from './tables.js';
import { inDatabase, orReason } from './testing/on-mongo.js';

const server = await orReason(() => startServer('mongo'));
const REFUSED = { code: 'STORE_UNAVAILABLE', details: { store: 'mongodb', why: expect.any(String) } };

describe('the schema in MongoDB', () => {
  if (typeof server === 'string') it.skip(`is not tested: ${server}`, () => undefined);
  else schema(server.url);
});

function schema(url: string): void {
  const database = `facehash-test-${process.pid}-schema`;
  let connection: Connection;
  let tables: Tables;
  beforeEach(async () => {
    connection = new Mongoose().createConnection();
    await connection.openUri(url, { dbName: database, autoIndex: false, autoCreate: false });
    tables = tablesOn(connection, 5000);
  });
  afterEach(async () => {
    await connection.dropDatabase();
    await connection.destroy();
  });
  afterAll(async () => {
    if (typeof server !== 'string') await server.stop();
  });
  const version = async (): Promise<unknown> => (await tables.schema.one({ _id: 'registry' }))?.['minor'];

  it('is made by four who open at once, indexes and all, and found by the next', async () => {
    const opened = await Promise.all(Array.from({ length: 4 }, () => openMongoRegistry({ url, database })));
    for (const registry of opened) expect(registry.health()).toEqual({ ok: true, why: null });
    for (const registry of opened) await registry.close();
    for (const collection of ['people', 'photos'] as const) {
      const made = (await tables[collection].indexes()).map(({ name }) => name);
      expect(made.sort()).toEqual(['_id_', ...indexes[collection].map(({ name }) => name)].sort());
    }
    expect(await prepare(tables)).toBeUndefined();
    expect(await version()).toBe(0);
  });

  it('takes each step once, from wherever it stands', async () => {
    const taken: number[] = [];
    const steps: Step[] = [0, 1, 2].map((i) => async () => void taken.push(i));
    await prepare(tables, steps.slice(0, 2));
    await prepare(tables, steps);
    await prepare(tables, steps);
    expect([taken, await version()]).toEqual([[0, 1, 2], 3]);
  });

  it('is left as it is by an older program that a newer one has added to', async () => {
    const step: Step = async () => undefined;
    await prepare(tables, [step]);
    expect(await prepare(tables, [])).toBeUndefined();
    expect(await version()).toBe(1);
  });

  it('stays at the version before a step that fails', async () => {
    const step: Step = () => Promise.reject(new Error('in the middle'));
    await expect(prepare(tables, [step])).rejects.toThrow('in the middle');
    expect(await version()).toBe(0);
  });

  it('of a newer FaceHash is refused and left alone', async () => {
    await prepare(tables);
    await tables.schema.change({ _id: 'registry' }, { $set: { major: 2 } });
    await expect(openMongoRegistry({ url, database })).rejects.toMatchObject(REFUSED);
    expect(await prepare(tables)).toContain('another FaceHash');
  });

  it.each([
    ['with other keys', { storageId: 1, name: 1 } as const, true],
    ['that is not unique', { storageId: 1, state: 1, name: 1 } as const, false],
  ])('with an index %s is refused, and the message says which', async (_, key, unique) => {
    await tables.people.makeIndex({ name: 'names', key, unique });
    await expect(openMongoRegistry({ url, database })).rejects.toMatchObject(REFUSED);
    expect(await prepare(tables)).toBe(
      'the collection people needs a unique index names on storageId, state, name, and has another one or rows that do not allow it',
    );
  });

  it('gets an index that somebody dropped', async () => {
    await prepare(tables);
    await inDatabase(url, database, (db) => db.collection('photos').dropIndex('holders'));
    expect(await prepare(tables)).toBeUndefined();
    expect((await tables.photos.indexes()).map(({ name }) => name)).toContain('holders');
  });
}
