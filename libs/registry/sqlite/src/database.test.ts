import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { temporaryFolder, type TemporaryFolder } from '@facehash/testing';
import { openDatabase } from './database.js';
import { migrate } from './migrate.js';
import { migrations } from './migrations.js';

describe('the database', () => {
  let folder: TemporaryFolder;
  let file: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, 'facehash.db');
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  it('syncs every commit, checks references, and lets readers in beside a writer', () => {
    const database = openDatabase(file);
    const setting = (name: string): unknown => Object.values(database.row(`PRAGMA ${name}`) ?? {})[0];
    const full = 2;
    expect([setting('synchronous'), setting('foreign_keys'), setting('journal_mode')]).toEqual([full, 1, 'wal']);
    database.close();
  });

  it('does all of a transaction or nothing, and can go on after a failure', async () => {
    const database = openDatabase(file);
    const failing = database.alone((db) => {
      db.run('INSERT INTO counters VALUES (?, 1)', 'm');
      throw new RangeError('in the middle');
    });
    await expect(failing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', cause: new RangeError('in the middle') });
    expect(database.rows('SELECT * FROM counters')).toEqual([]);
    await database.alone((db) => db.run('INSERT INTO counters VALUES (?, 1)', 'm'));
    expect(database.rows('SELECT * FROM counters')).toHaveLength(1);
    database.close();
  });
});

describe('the schema', () => {
  let folder: TemporaryFolder;
  let connection: DatabaseSync;
  beforeEach(async () => {
    folder = await temporaryFolder();
    connection = new DatabaseSync(join(folder.path, 'facehash.db'));
  });
  afterEach(async () => {
    connection.close();
    await folder[Symbol.asyncDispose]();
  });
  const all = (sql: string): unknown[] =>
    connection
      .prepare(sql)
      .all()
      .map((row) => Object.values(row));

  it('takes each step once, from wherever it stands', () => {
    const steps = ['CREATE TABLE a (x)', 'INSERT INTO a VALUES (1)', 'INSERT INTO a VALUES (2)'];
    migrate(connection, steps.slice(0, 2));
    migrate(connection, steps);
    migrate(connection, steps);
    expect(all('SELECT x FROM a')).toEqual([[1], [2]]);
    expect(all('PRAGMA user_version')).toEqual([[3]]);
  });

  it('takes no step that another process took between the look and the lock', () => {
    const steps = ['CREATE TABLE a (x)', 'INSERT INTO a VALUES (1)'];
    const faster = new DatabaseSync(join(folder.path, 'facehash.db'));
    migrate(
      before(connection, 'BEGIN IMMEDIATE', () => migrate(faster, steps)),
      steps,
    );
    faster.close();
    expect(all('SELECT x FROM a')).toEqual([[1]]);
    expect(all('PRAGMA user_version')).toEqual([[2]]);
  });

  it('stays as it was before a step that fails', () => {
    const steps = ['CREATE TABLE a (x)', 'INSERT INTO a VALUES (1); INSERT INTO nowhere VALUES (1)'];
    expect(() => migrate(connection, steps)).toThrow('nowhere');
    expect(all('SELECT x FROM a')).toEqual([]);
    expect(all('PRAGMA user_version')).toEqual([[1]]);
    migrate(connection, [...steps.slice(0, 1), 'INSERT INTO a VALUES (2)']);
    expect(all('SELECT x FROM a')).toEqual([[2]]);
  });

  it('of a newer FaceHash is refused and left alone', async () => {
    connection.exec(`PRAGMA user_version = ${migrations.length + 1}`);
    const opening = (): unknown => openDatabase(join(folder.path, 'facehash.db'));
    expect(thrownBy(opening)).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: { message: expect.stringContaining('newer') } });
    expect(all('PRAGMA user_version')).toEqual([[migrations.length + 1]]);
  });

  it('knows the totals of what was enrolled before it kept count, and keeps them right', () => {
    migrate(connection, migrations.slice(0, 1));
    connection.exec(`
      INSERT INTO people VALUES ('m', 'a', 'A', NULL, '{}', ''), ('m', 'b', 'B', NULL, '{}', ''), ('n', 'a', 'A', NULL, '{}', '');
      INSERT INTO photos VALUES ('m', 'a', '1', 1, '', '{}'), ('m', 'a', '2', 1, '', '{}'), ('m', 'b', '1', 1, '', '{}')`);
    migrate(connection, migrations);
    expect(all('SELECT * FROM totals')).toEqual([
      ['m', 2, 3],
      ['n', 1, 0],
    ]);
    connection.exec(
      `DELETE FROM photos WHERE person_id = 'b'; DELETE FROM people WHERE id = 'b'; INSERT INTO photos VALUES ('n', 'a', '1', 1, '', '{}')`,
    );
    expect(all('SELECT * FROM totals')).toEqual([
      ['m', 1, 2],
      ['n', 1, 1],
    ]);
  });
});

/** The connection, but for one thing: `first` happens just before it executes that statement. */
function before(connection: DatabaseSync, statement: string, first: () => void): DatabaseSync {
  return new Proxy(connection, {
    get: (target, name) => {
      if (name === 'exec') {
        return (sql: string) => {
          if (sql === statement) first();
          target.exec(sql);
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
