import { FaceHashError } from '@facehash/kernel';

/** Bounds that the narrowest store sets: S3 takes 1024 characters, a file name 255. */
const KEY_LENGTH_MAX = 512;
const SEGMENT_LENGTH_MAX = 255;
/** No leading dot: this shuts out `.` and `..`, and leaves such names to the stores for what is their own. */
const segment = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** Whether the port allows this key. */
export function isKey(key: string): boolean {
  return key.length <= KEY_LENGTH_MAX && key.split('/').every(isSegment);
}

/** Throws REQUEST_INVALID for a key that the port does not allow. */
export function checkKey(key: string): void {
  if (!isKey(key)) throw new FaceHashError('REQUEST_INVALID', { key });
}

/** Throws REQUEST_INVALID for a prefix that no key can begin with. It may be empty, and may end in the middle of a segment. */
export function checkPrefix(prefix: string): void {
  const segments = prefix.split('/');
  const last = segments.pop() ?? '';
  const possible = prefix.length <= KEY_LENGTH_MAX && segments.every(isSegment) && (last === '' || isSegment(last));
  if (!possible) throw new FaceHashError('REQUEST_INVALID', { prefix });
}

function isSegment(text: string): boolean {
  return text.length <= SEGMENT_LENGTH_MAX && segment.test(text);
}
