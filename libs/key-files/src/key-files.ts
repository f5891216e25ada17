import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FaceHashError } from '@facehash/kernel';
import { isApiKey, type OwnerKeys } from '@facehash/facemodel';

/** The model that the first start makes; its key lies where a beginner looks first. */
const DEFAULT_MODEL = 'default';

export function apiKeyFile(dataDir: string, modelName: string): string {
  return modelName === DEFAULT_MODEL ? join(dataDir, 'api-key') : join(dataDir, 'keys', modelName);
}

/** Keys in files that only their owner reads (mode 600): `<data>/api-key` for the model `default`, `<data>/keys/<model>` for any other. */
export class KeyFiles implements OwnerKeys {
  constructor(private readonly dataDir: string) {}

  keep(modelName: string, make: () => string): Promise<{ readonly key: string; readonly where: string }> {
    return this.#keepIn(apiKeyFile(this.dataDir, modelName), make);
  }

  keepNext(modelName: string, make: () => string): Promise<{ readonly key: string }> {
    return this.#keepIn(this.#nextFile(modelName), make);
  }

  async takeNext(modelName: string): Promise<{ readonly where: string }> {
    const where = apiKeyFile(this.dataDir, modelName);
    await orUnavailable(where, () => unlessMissing(rename(this.#nextFile(modelName), where)));
    return { where };
  }

  async drop(modelName: string): Promise<void> {
    for (const file of [apiKeyFile(this.dataDir, modelName), this.#nextFile(modelName)])
      await orUnavailable(file, () => unlessMissing(unlink(file)));
  }

  #keepIn(where: string, make: () => string): Promise<{ readonly key: string; readonly where: string }> {
    return orUnavailable(where, async () => {
      const key = (await read(where)) ?? (await create(where, make()));
      if (!isApiKey(key)) throw new FaceHashError('API_KEY_INVALID', { file: where });
      return { key, where };
    });
  }

  /** No model is called so: names hold no dots. */
  #nextFile(modelName: string): string {
    return `${apiKeyFile(this.dataDir, modelName)}.next`;
  }
}

async function orUnavailable<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof FaceHashError) throw cause;
    throw new FaceHashError('STORE_UNAVAILABLE', { file }, { cause });
  }
}

async function unlessMissing(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

async function read(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The file appears whole or not at all; when two create it at once, both get the key of the first. */
async function create(file: string, key: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.${randomUUID()}.tmp`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(`${key}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(temporary, file);
    return key;
  } catch (error) {
    const winner = isErrno(error, 'EEXIST') ? await read(file) : undefined;
    if (winner === undefined) throw error;
    return winner;
  } finally {
    await unlink(temporary);
  }
}

function isErrno(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
