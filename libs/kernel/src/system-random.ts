import { randomBytes, randomInt } from 'node:crypto';
import type { Random } from './random.js';

/** The operating system's generator: fit for keys and ids. */
export const systemRandom: Random = {
  next: () => randomInt(2 ** 48 - 1) / 2 ** 48,
  bytes: (length) => new Uint8Array(randomBytes(length)),
};
