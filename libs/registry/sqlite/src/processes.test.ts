import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { seededRandom, sha256Hex } from '@facehash/kernel';
import { aPerson } from '@facehash/registry-core/testing';
import { temporaryFolder, TestProcess, type TemporaryFolder } from '@facehash/testing';
import { openSqliteFaceModels, openSqliteRegistry } from './index.js';

const programs = {
  applyModel: new URL('./testing/apply-model.ts', import.meta.url),
  countUp: new URL('./testing/count-up.ts', import.meta.url),
  enrolUntilKilled: new URL('./testing/enrol-until-killed.ts', import.meta.url),
};
const KILLS = 6;

describe('one SQLite file, between processes', () => {
  let folder: TemporaryFolder;
  let file: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, 'facehash.db');
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  it('holds everything that was acknowledged before a kill -9, and is sound', async () => {
    const random = seededRandom(1);
    const { storageId } = aPerson();
    const added = new Set<number>();
    let counted = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      await using writer = new TestProcess(programs.enrolUntilKilled, file, String(kill * 1000));
      await writer.printed(1 + Math.floor(random.next() * 40));
      await writer.kill();
      for (const line of writer.lines) {
        const [what, number] = line.split(' ');
        if (what === 'added') added.add(Number(number));
        else counted = Math.max(counted, Number(number));
      }
      await using registry = closing(openSqliteRegistry(file));
      const stored = new Set<string>();
      for await (const { sha256 } of registry.allPhotos(storageId)) stored.add(sha256);
      expect([...added].filter((number) => !stored.has(sha256Hex(`photo ${number}`)))).toEqual([]);
      expect(await registry.counter(storageId)).toBeGreaterThanOrEqual(counted);
      expect(await registry.counts(storageId)).toEqual({ people: 1, photos: stored.size });
      expect(soundness(file)).toBe('ok');
    }
  }, 60_000);

  it('is made by four who open it at once, and gives each value of a counter to one of them', async () => {
    const processes = Array.from({ length: 4 }, () => new TestProcess(programs.countUp, file, 'm', '50'));
    await using _ = { [Symbol.asyncDispose]: () => killAll(processes) };
    await Promise.all(processes.map((p) => p.done()));
    const given = processes.flatMap((p) => p.lines.map(Number)).sort((a, b) => a - b);
    expect(given).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  });

  it('tells the server that the command line applied a model', async () => {
    await using server = closing(openSqliteFaceModels(file));
    const before = await server.changeToken();
    await using commandLine = new TestProcess(programs.applyModel, file, 'front-door', 'fm-0001-test');
    await commandLine.done();
    expect(commandLine.lines).toEqual(['created fm-0001-test']);
    expect(await server.changeToken()).not.toBe(before);
    expect(await server.find('front-door')).toMatchObject({ uid: 'fm-0001-test' });
  });

  it('has one model for a name that three apply at once', async () => {
    const processes = [1, 2, 3].map((i) => new TestProcess(programs.applyModel, file, 'front-door', `fm-000${i}-test`));
    await using _ = { [Symbol.asyncDispose]: () => killAll(processes) };
    await Promise.all(processes.map((p) => p.done()));
    const outcomes = processes.map((p) => p.lines[0]?.split(' ') ?? []);
    expect(outcomes.map(([outcome]) => outcome).sort()).toEqual(['created', 'unchanged', 'unchanged']);
    expect(new Set(outcomes.map(([, uid]) => uid)).size).toBe(1);
  });
});

function closing<T extends { close(): Promise<void> }>(opened: T): T & AsyncDisposable {
  return Object.assign(opened, { [Symbol.asyncDispose]: () => opened.close() });
}

async function killAll(processes: readonly TestProcess[]): Promise<void> {
  await Promise.all(processes.map((process) => process.kill()));
}

function soundness(file: string): unknown {
  const database = new DatabaseSync(file);
  try {
    return database.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
  } finally {
    database.close();
  }
}
