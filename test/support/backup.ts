import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { objectsOf } from './cluster-objects.js';
import type { Replicas } from './replicas.js';

const DATABASE = 'facehash';

/** Everything that a cluster keeps, out of it. NATS is not among it: what is there comes back from the rest. */
export interface Backup {
  /** By collection. */
  readonly documents: ReadonlyMap<string, readonly mongo.Document[]>;
  readonly objects: ReadonlyMap<string, Uint8Array>;
  /** Of the lifecycle. */
  readonly dataDir: string;
}

/** In the order of docs/stores.md: rows before the objects that they speak of, as objects are there before their rows. */
export async function backUp(cluster: Replicas, folder: string): Promise<Backup> {
  const documents = await withDatabase(cluster, async (database) => {
    const read = new Map<string, readonly mongo.Document[]>();
    for (const { name } of await database.listCollections().toArray()) read.set(name, await database.collection(name).find().toArray());
    return read;
  });
  const objects = new Map<string, Uint8Array>();
  const store = await objectsOf(cluster);
  try {
    for await (const { key } of store.list('')) {
      const object = await store.read(key);
      if (object) objects.set(key, object.bytes);
    }
  } finally {
    await store.close();
  }
  const dataDir = join(folder, 'lifecycle');
  await mkdir(dataDir, { recursive: true });
  await cluster.lifecycle?.stop();
  await cp(cluster.dataDir, dataDir, { recursive: true });
  return { documents, objects, dataDir };
}

/** Into stores that are empty, before any program of ours sees them. */
export async function restore(cluster: Replicas, { documents, objects, dataDir }: Backup): Promise<void> {
  await withDatabase(cluster, async (database) => {
    for (const [name, rows] of documents) if (rows.length > 0) await database.collection(name).insertMany([...rows]);
  });
  const store = await objectsOf(cluster);
  try {
    for (const [key, bytes] of objects) await store.create(key, bytes);
  } finally {
    await store.close();
  }
  await cp(dataDir, cluster.dataDir, { recursive: true });
}

async function withDatabase<T>(cluster: Replicas, use: (database: mongo.Db) => Promise<T>): Promise<T> {
  const client = await new mongo.MongoClient(cluster.server('mongo').url).connect();
  try {
    return await use(client.db(DATABASE));
  } finally {
    await client.close();
  }
}
