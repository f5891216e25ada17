import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeClock, RecordingLogger } from '@facehash/kernel/testing';
import { temporaryFolder, type TemporaryFolder } from '@facehash/testing';
import { KeySource } from './credentials.js';

describe('credentials in a folder', () => {
  let folder: TemporaryFolder;
  let clock: FakeClock;
  let log: RecordingLogger;
  let source: KeySource;
  const put = async (files: Record<string, string>): Promise<void> => {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder.path, name), content);
  };
  beforeEach(async () => {
    folder = await temporaryFolder();
    [clock, log] = [new FakeClock(), new RecordingLogger()];
    source = new KeySource({ kind: 'folder', path: folder.path }, clock, log);
    await put({ 'access-key-id': 'first\n', 'secret-access-key': 'secret-1\n' });
  });
  afterEach(() => folder[Symbol.asyncDispose]());
  const first = { accessKeyId: 'first', secretAccessKey: 'secret-1', sessionToken: undefined };
  const second = { accessKeyId: 'second', secretAccessKey: 'secret-2', sessionToken: 'token' };
  const rotate = () => put({ 'access-key-id': 'second', 'secret-access-key': 'secret-2', 'session-token': 'token' });

  it('are read without the ends of their lines, and taken up within ten seconds when they rotate', async () => {
    expect(await source.current()).toEqual(first);
    await rotate();
    clock.advance(9_000);
    expect(await source.current()).toEqual(first);
    clock.advance(1_000);
    expect(await source.current()).toEqual(second);
    expect(log.lines).toEqual([{ level: 'info', message: 'the credentials of the object store have changed', fields: {} }]);
  });

  it('are taken up at once when the store refuses those that it had, and only others count', async () => {
    const refused = await source.current();
    expect(await source.renewed(refused)).toBe(false);
    await rotate();
    expect(await source.renewed(refused)).toBe(true);
    expect(await source.current()).toEqual(second);
  });

  it('stay in use when they cannot be read any more, or were written in part', async () => {
    await source.current();
    await put({ 'secret-access-key': '' });
    expect(await source.renewed(first)).toBe(false);
    await rm(join(folder.path, 'access-key-id'));
    clock.advance(60_000);
    expect(await source.current()).toEqual(first);
  });

  it('are none where there are no files', async () => {
    await rm(join(folder.path, 'access-key-id'));
    await expect(source.current()).rejects.toThrow('the credentials cannot be read');
  });
});
