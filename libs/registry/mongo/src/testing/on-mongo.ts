import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { openMongoRegistry, type MongoOptions, type MongoRegistry } from '../index.js';

/** What was started, or the sentence why this machine cannot have it: tests of it are then skipped. */
export async function orReason<T>(start: () => Promise<T>): Promise<T | string> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'cannotBuildHere') return error.message;
    throw error;
  }
}

export interface OnMongo extends AsyncDisposable {
  readonly registry: MongoRegistry;
  readonly database: string;
}

/** A registry on a database of its own, which goes with it. */
export async function onFreshDatabase(url: string, options: Partial<MongoOptions> = {}): Promise<OnMongo> {
  const database = `facehash-test-${randomUUID()}`;
  const registry = await openMongoRegistry({ url, ...options, database });
  const close = async (): Promise<void> => {
    await registry.close();
    await inDatabase(url, database, (db) => db.dropDatabase());
  };
  return { registry, database, [Symbol.asyncDispose]: close };
}

/** For what the registry does not do, and for a look at its rows. */
export async function inDatabase<T>(url: string, database: string, work: (db: mongoose.mongo.Db) => Promise<T>): Promise<T> {
  const client = await mongoose.mongo.MongoClient.connect(url);
  try {
    return await work(client.db(database));
  } finally {
    await client.close();
  }
}
