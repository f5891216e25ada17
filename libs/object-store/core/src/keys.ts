import { FaceHashError } from '@facehash/kernel';

const segment = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/;

/** Throws REQUEST_INVALID for a key that the port does not allow. A prefix may end in the middle of a segment. */
export function checkKey(key: string): void {
  if (key.length > 512 || !key.split('/').every((s) => segment.test(s))) throw new FaceHashError('REQUEST_INVALID', { key });
}
