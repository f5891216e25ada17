import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CannotStart } from '../composition/cannot-start.js';

/** A server that was just stopped may need a moment to go. */
const WAIT_MS = 1000;

export interface DataLock {
  release(): void;
}

/**
 * Makes the data folder this process's own. The lock is an exclusive transaction of SQLite on a file of its own: the kernel drops it with the
 * process, however that ends, so there are no stale locks. Throws CannotStart, which says who holds the folder.
 */
export async function lockDataDir(dataDir: string): Promise<DataLock> {
  const holder = join(dataDir, 'server.pid');
  const database = new DatabaseSync(join(dataDir, 'server.lock'), { timeout: WAIT_MS });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new CannotStart(await whoHolds(dataDir, holder), { cause });
  }
  await writeFile(holder, `${process.pid}\n`);
  return { release: () => database.close() };
}

async function whoHolds(dataDir: string, holder: string): Promise<string> {
  const pid = (await readFile(holder, 'utf8').catch(() => '')).trim();
  const who = pid === '' ? 'Another FaceHash server' : `Another FaceHash server (process ${pid})`;
  return `${who} uses the data folder ${dataDir}. Stop it, or give this one a folder of its own by FACEHASH_DATA_DIR.`;
}
