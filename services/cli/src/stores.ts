import { join } from 'node:path';
import { Closer, silentLogger, type Clock, type Random } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import { openFsObjectStore } from '@facehash/object-store-fs';
import { openS3ObjectStore } from '@facehash/object-store-s3';
import type { Registry } from '@facehash/registry-core';
import { openMongoRegistry } from '@facehash/registry-mongo';
import { openSqliteRegistry } from '@facehash/registry-sqlite';
import type { ClusterStores } from './config.js';
import type { CliContext } from './context.js';
import { databaseIn } from './models.js';

export interface Stores {
  readonly registry: Registry;
  readonly objects: ObjectStore;
}

/** Opens where people and photos are for the length of one command: the data folder, or the stores that replicas share. */
export async function withStores<T>(dataDir: string, context: CliContext, use: (stores: Stores) => Promise<T>): Promise<T> {
  const { cluster } = context.defaults;
  const closer = new Closer();
  try {
    return await use(await (cluster ? openCluster(cluster, context, closer) : openEmbedded(dataDir, closer)));
  } finally {
    await closer.close();
  }
}

async function openEmbedded(dataDir: string, closer: Closer): Promise<Stores> {
  const registry = openSqliteRegistry(databaseIn(dataDir));
  closer.defer('registry', () => registry.close());
  return { registry, objects: await openFsObjectStore(join(dataDir, 'objects')) };
}

async function openCluster(
  { s3, mongo }: ClusterStores,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  closer: Closer,
): Promise<Stores> {
  // What goes wrong is told by the command that meets it.
  const context = { clock, random, logger: silentLogger };
  const objects = await openS3ObjectStore({ ...s3, ...context });
  closer.defer('object store', () => objects.close());
  const registry = await openMongoRegistry({ ...mongo, ...context });
  closer.defer('registry', () => registry.close());
  return { registry, objects };
}
