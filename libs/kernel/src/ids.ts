import type { Clock } from './clock.js';
import type { Random } from './random.js';

const crockford = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A new id: prefix, underscore, 26 lower-case Crockford base32 characters (a ULID: 48 bits of milliseconds, 80 random bits),
 * so ids sort by the time they were made. Example: `per_01jd5s…`.
 */
export function newId(prefix: string, clock: Clock, random: Random): string {
  let time = clock.now().getTime();
  let head = '';
  for (let i = 0; i < 10; i++) {
    head = crockford.charAt(time % 32) + head;
    time = Math.floor(time / 32);
  }
  let tail = '';
  for (const byte of random.bytes(16)) tail += crockford.charAt(byte & 31);
  return `${prefix}_${head}${tail}`;
}

/** When an id of `newId` was made, in ms by the clock of whoever made it; undefined for what is no such id. */
export function madeAtMs(id: string): number | undefined {
  const ulid = id.slice(id.lastIndexOf('_') + 1);
  const digits = Array.from(ulid, (character) => crockford.indexOf(character));
  if (digits.length !== 26 || digits.includes(-1)) return undefined;
  return digits.slice(0, 10).reduce((time, digit) => time * 32 + digit, 0);
}
