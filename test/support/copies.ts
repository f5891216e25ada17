import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';

const cli = join(dirname(createRequire(import.meta.url).resolve('@facehash/cli/package.json')), 'dist/main.js');

/**
 * Makes `count` more models of one that was enrolled and trained, in the data folder of a server that is stopped, and gives their keys:
 * created by the command line, each with a key and a storage id of its own, then given the rows and files of the first one, as a restored
 * backup is. Parts of versions are copied byte by byte; photos and their stages, which no answer reads, are links.
 */
export async function copyModel(dataDir: string, original: string, count: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, i) => `copy-${i}`);
  await createAll(dataDir, names);
  using database = new DatabaseSync(join(dataDir, 'facehash.db'));
  const uidOf = (name: string): string => String(database.prepare('SELECT uid FROM face_models WHERE name = ?').get(name)?.['uid']);
  const from = uidOf(original);
  for (const name of names) {
    copyRows(database, from, uidOf(name));
    await copyObjects(join(dataDir, 'objects'), from, uidOf(name));
  }
  return await Promise.all(names.map(async (name) => (await readFile(join(dataDir, 'keys', name), 'utf8')).trim()));
}

async function createAll(dataDir: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const file = join(dataDir, 'copies.yaml');
  const documents = names.map((name) =>
    stringify({ apiVersion: 'facehash.dev/v1alpha1', kind: 'FaceModel', metadata: { name }, spec: {} }),
  );
  await writeFile(file, documents.join('---\n'));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', cli, '--data-dir', dataDir, 'apply', '-f', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(`apply ended with ${String(code)}: ${complaint}`);
}

function copyRows(database: DatabaseSync, from: string, to: string): void {
  database.exec('BEGIN');
  for (const [table, columns] of [
    ['people', 'id, name, external_id, metadata, created_at'],
    ['photos', 'person_id, sha256, size_bytes, added_at, quality'],
    ['counters', 'value'],
  ] as const) {
    const copy = `INSERT INTO ${table} (storage_id, ${columns}) SELECT ?, ${columns} FROM ${table} WHERE storage_id = ?`;
    database.prepare(copy).run(to, from);
  }
  database.exec('COMMIT');
}

async function copyObjects(objects: string, from: string, to: string): Promise<void> {
  for (const entry of await readdir(join(objects, from), { recursive: true, withFileTypes: true })) {
    const source = join(entry.parentPath, entry.name);
    const key = source.slice(join(objects, from).length + 1);
    const target = join(objects, to, key);
    if (entry.isDirectory()) await mkdir(target, { recursive: true });
    else {
      await mkdir(dirname(target), { recursive: true });
      await copyObject(key, { source, target, from, to });
    }
  }
}

/** The documents that say whose they are say it of the copy. */
async function copyObject(
  key: string,
  { source, target, from, to }: { readonly source: string; readonly target: string; readonly from: string; readonly to: string },
): Promise<void> {
  if (/^(photos|stages)\//.test(key)) await link(source, target);
  else if (/^(samples|versions|runs)\//.test(key)) await writeFile(target, (await readFile(source, 'utf8')).replaceAll(from, to));
  else await copyFile(source, target);
}
