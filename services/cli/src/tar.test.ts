import { execFile } from 'node:child_process';
import { readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FaceHashError } from '@facehash/kernel';
import { temporaryFolder } from '@facehash/testing';
import type { ArchiveEntry } from '@facehash/transfer';
import { readTar, writeTar } from './tar.js';

const entries: readonly ArchiveEntry[] = [
  { name: 'manifest.json', bytes: new TextEncoder().encode('{}') },
  { name: `objects/${'a'.repeat(64)}/photos/per_${'b'.repeat(26)}/${'c'.repeat(64)}`, bytes: new Uint8Array(30_000).fill(7) },
  { name: `objects/${'a'.repeat(64)}/${'d'.repeat(200)}`, bytes: new Uint8Array(1).fill(8) },
  { name: 'empty', bytes: new Uint8Array() },
];

async function* each(all: readonly ArchiveEntry[], failure?: Error): AsyncIterable<ArchiveEntry> {
  yield* all;
  if (failure) throw failure;
}

async function read(file: string): Promise<readonly ArchiveEntry[]> {
  const all: ArchiveEntry[] = [];
  for await (const entry of readTar(file)) all.push(entry);
  return all;
}

describe('a tar of a model', () => {
  it('is read as it was written, and is its owner’s alone', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'model.tar');
    await writeTar(file, each(entries));
    expect(await read(file)).toEqual(entries);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder.path)).toEqual(['model.tar']);
  });

  it('is one that tar knows', async () => {
    await using folder = await temporaryFolder();
    await writeTar(join(folder.path, 'model.tar'), each(entries));
    const { stdout, stderr } = await promisify(execFile)('tar', ['-tf', join(folder.path, 'model.tar')]);
    expect([stdout.trim().split('\n'), stderr]).toEqual([entries.map(({ name }) => name), '']);
  });

  it('leaves nothing when the entries end in an error, or a file is there', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'model.tar');
    await expect(writeTar(file, each(entries, new FaceHashError('CONFLICT')))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await readdir(folder.path)).toEqual([]);
    await writeFile(file, 'mine');
    await expect(writeTar(file, each(entries))).rejects.toThrow('it is there already');
    expect(await readdir(folder.path)).toEqual(['model.tar']);
    await expect(writeTar(join(folder.path, 'nowhere', 'model.tar'), each(entries))).rejects.toThrow('it is not there');
  });

  it('that was cut off, or is none, is said to be so', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'model.tar');
    await writeTar(file, each(entries));
    await truncate(file, 20_000);
    await expect(read(file)).rejects.toThrow('cannot be read as a tar');
    await writeFile(file, 'no tar at all'.repeat(100));
    await expect(read(file)).rejects.toThrow('cannot be read as a tar');
    await expect(read(join(folder.path, 'nothing'))).rejects.toThrow('it is not there');
  });
});
