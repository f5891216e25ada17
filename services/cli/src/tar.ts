import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, unlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { FaceHashError } from '@facehash/kernel';
import type { ArchiveEntry } from '@facehash/transfer';
import { extract, pack, type Pack } from 'tar-stream';
import { CommandFailed } from './context.js';
import { reason } from './photos.js';

/** The largest object is a photo: a server that takes larger ones was set up to. */
const ENTRY_BYTES_MAX = 256 * 1024 ** 2;

/** Writes a tar that only its owner reads. The file appears whole or not at all, and in no other's place. */
export async function writeTar(file: string, entries: AsyncIterable<ArchiveEntry>): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    const tar = pack();
    // `flush`: synced before it is closed.
    const written = pipeline(tar, createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }));
    // Both to their end, so that nobody writes any more when the file goes.
    const [filled, wrote] = await Promise.allSettled([fill(tar, entries), written]);
    if (filled.status === 'rejected' && filled.reason instanceof FaceHashError) throw filled.reason;
    for (const outcome of [wrote, filled]) if (outcome.status === 'rejected') throw outcome.reason;
    await link(temporary, file);
  } catch (error) {
    if (error instanceof FaceHashError) throw error;
    throw new CommandFailed(`${file} cannot be written: ${reason(error)}`);
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

/** Fails the whole pipeline when the entries do. */
async function fill(tar: Pack, entries: AsyncIterable<ArchiveEntry>): Promise<void> {
  try {
    for await (const { name, bytes } of entries) await add(tar, name, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    tar.finalize();
  } catch (error) {
    tar.destroy(error instanceof Error ? error : new Error('the export failed', { cause: error }));
    throw error;
  }
}

/** Resolves when the entry has been taken, so that no more than one is held. */
function add(tar: Pack, name: string, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry({ name, mode: 0o600, mtime: new Date(0) }, bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** The files of a tar, one after another. */
export async function* readTar(file: string): AsyncIterable<ArchiveEntry> {
  const tar = extract();
  const reading = pipeline(createReadStream(file), tar);
  // Whoever stops reading in the middle has not met an error; one of the file comes out of the loop.
  reading.catch(() => undefined);
  try {
    for await (const entry of tar) {
      const { name, size, type } = entry.header;
      if (type !== 'file' || size > ENTRY_BYTES_MAX) throw new CommandFailed(`${file} is no archive of a FaceHash model: it holds ${name}`);
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(chunk);
      yield { name, bytes: new Uint8Array(Buffer.concat(chunks)) };
    }
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed(`${file} cannot be read as a tar: ${error instanceof Error ? error.message : reason(error)}`);
  }
}
