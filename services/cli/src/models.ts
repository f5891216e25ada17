import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FaceModelRepository } from '@facehash/facemodel';
import { openSqliteFaceModels } from '@facehash/registry-sqlite';

/** Opens the machine's models for the length of one command; a running server notices what was changed. */
export async function withModels<T>(dataDir: string, use: (models: FaceModelRepository) => Promise<T>): Promise<T> {
  await mkdir(dataDir, { recursive: true });
  const models = openSqliteFaceModels(join(dataDir, 'facehash.db'));
  try {
    return await use(models);
  } finally {
    await models.close();
  }
}
