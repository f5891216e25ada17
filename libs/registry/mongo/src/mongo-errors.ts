import { mongo } from 'mongoose';

const DUPLICATE_KEY = 11000;
const NAMESPACE_NOT_FOUND = 26;
const INTERNAL = 1;
/** There is an index of the same name with other keys, or of the same keys with another name or other options. */
const INDEX_CONFLICTS = new Set([85, 86]);

/**
 * What passes by itself, of https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml: a server that goes, comes, is no
 * longer the primary, or could not yet confirm a write by its peers.
 */
const PASSING = new Set([6, 7, 64, 89, 91, 112, 134, 133, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436, 10058, INTERNAL]);

/** Somebody holds the key of a unique index. FerretDB 1 says so by its database's words where an update would take it. */
export function isDuplicate(error: unknown): boolean {
  if (!(error instanceof mongo.MongoServerError)) return false;
  return error.code === DUPLICATE_KEY || (error.code === INTERNAL && error.message.includes('UNIQUE constraint failed'));
}

/** There is no such collection yet. */
export function isMissing(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && error.code === NAMESPACE_NOT_FOUND;
}

/** The index cannot be made as long as what is there is as it is. */
export function isIndexRefused(error: unknown): boolean {
  return isDuplicate(error) || (error instanceof mongo.MongoServerError && INDEX_CONFLICTS.has(Number(error.code)));
}

/** Whether trying again may help: the network, the choice of a server, a wait for a connection; of what a server says, only what passes. */
export function isPassing(error: unknown): boolean {
  if (error instanceof mongo.MongoServerError) return typeof error.code === 'number' && PASSING.has(error.code) && !isDuplicate(error);
  // A socket that breaks while it is written to comes out as the system's own error, which need not be of this realm's class.
  return error instanceof mongo.MongoError || (typeof error === 'object' && error !== null && 'syscall' in error);
}
