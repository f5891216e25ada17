import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FaceModelRepository } from '@facehash/facemodel';
import { FaceHashError } from '@facehash/kernel';
import { openSqliteFaceModels } from '@facehash/registry-sqlite';

/** Opens the machine's models for the length of one command; a running server notices what was changed. */
export async function withModels<T>(dataDir: string, use: (models: FaceModelRepository) => Promise<T>): Promise<T> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new FaceHashError('STORE_UNAVAILABLE', { problems: [{ path: dataDir, message: 'cannot be made' }] }, { cause });
  });
  const models = openSqliteFaceModels(databaseIn(dataDir));
  try {
    return await use(models);
  } finally {
    await models.close();
  }
}

/** For a command that only reads: a mistyped folder is an error and not a new, empty one. */
export async function withModelsThere<T>(dataDir: string, use: (models: FaceModelRepository) => Promise<T>): Promise<T> {
  if (!existsSync(databaseIn(dataDir))) {
    const message = 'holds no FaceHash data: start the server once, or name the right folder by --data-dir';
    throw new FaceHashError('NOT_FOUND', { problems: [{ path: dataDir, message }] });
  }
  return withModels(dataDir, use);
}

export function noModel(name: string): FaceHashError {
  return new FaceHashError('NOT_FOUND', { problems: [{ path: name, message: 'is no model here: model list shows those that are' }] });
}

export function databaseIn(dataDir: string): string {
  return join(dataDir, 'facehash.db');
}
