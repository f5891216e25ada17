import { FaceHashError } from '@facehash/kernel';

/** NATS makes a key part of a subject, whose tokens must not be empty. */
const bucketKey = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const LENGTH_MAX = 255;

/** Throws REQUEST_INVALID for a key that no bucket takes. */
export function checkBucketKey(key: string): void {
  if (key.length > LENGTH_MAX || !bucketKey.test(key)) throw new FaceHashError('REQUEST_INVALID', { key });
}
