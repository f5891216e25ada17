import { z } from 'zod';
import { file, folder, seconds, type Fault } from './fields.js';

/** Of a registry on MongoDB. To be spread into a program's own variables. */
export const mongoVariables = {
  FACEHASH_MONGODB_URL: z
    .string()
    .regex(/^mongodb(\+srv)?:\/\/./, 'must be an address such as mongodb://mongodb.example.org/facehash')
    .optional(),
  FACEHASH_MONGODB_DATABASE: z
    .string()
    .max(63)
    .regex(/^[A-Za-z0-9_-]+$/, 'must be the name of a database: letters, digits, _ and -')
    .optional(),
  /** A mounted Secret: username and password. */
  FACEHASH_MONGODB_CREDENTIALS_DIR: folder.optional(),
  FACEHASH_MONGODB_CA_FILE: file.optional(),
  FACEHASH_MONGODB_TIMEOUT_SECONDS: seconds.default(10),
  FACEHASH_MONGODB_POOL_SIZE: z.coerce.number().int().min(1).max(1000).default(20),
};

type Variables = z.output<z.ZodObject<typeof mongoVariables>>;

export interface MongoSettings {
  /** Credentials may be in it. */
  readonly url: string;
  readonly database?: string;
  readonly credentialsFolder?: string;
  readonly caFile?: string;
  readonly timeoutMs: number;
  readonly poolSize: number;
}

/** What is wrong with them together. */
export function mongoFaults(e: Variables): readonly Fault<keyof Variables>[] {
  const inUrl = e.FACEHASH_MONGODB_URL !== undefined && /^mongodb(\+srv)?:\/\/[^/]*@/.test(e.FACEHASH_MONGODB_URL);
  if (!inUrl || e.FACEHASH_MONGODB_CREDENTIALS_DIR === undefined) return [];
  return [['FACEHASH_MONGODB_CREDENTIALS_DIR', 'must be left out where the credentials stand in FACEHASH_MONGODB_URL']];
}

/** Undefined where no address is given. */
export function mongoSettings(e: Variables): MongoSettings | undefined {
  if (e.FACEHASH_MONGODB_URL === undefined) return undefined;
  return {
    url: e.FACEHASH_MONGODB_URL,
    ...(e.FACEHASH_MONGODB_DATABASE === undefined ? {} : { database: e.FACEHASH_MONGODB_DATABASE }),
    ...(e.FACEHASH_MONGODB_CREDENTIALS_DIR === undefined ? {} : { credentialsFolder: e.FACEHASH_MONGODB_CREDENTIALS_DIR }),
    ...(e.FACEHASH_MONGODB_CA_FILE === undefined ? {} : { caFile: e.FACEHASH_MONGODB_CA_FILE }),
    timeoutMs: e.FACEHASH_MONGODB_TIMEOUT_SECONDS * 1000,
    poolSize: e.FACEHASH_MONGODB_POOL_SIZE,
  };
}
