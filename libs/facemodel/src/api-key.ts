import { sha256Hex, type Random } from '@facehash/kernel';

const PREFIX = 'fhk_';
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 62^43 > 2^256: a secret of 32 bytes always fits. */
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;

/** A new API key: `fhk_`, 32 random bytes in base62 (43 characters), a checksum of 6. Show it to its owner once; store `apiKeyHash`. */
export function newApiKey(random: Random): string {
  const secret = base62(toBigInt(random.bytes(32)), SECRET_LENGTH);
  return `${PREFIX}${secret}${checksum(secret)}`;
}

/** Whether a string is a whole, untampered key. A typo fails here without asking any store. */
export function isApiKey(text: string): boolean {
  if (!/^fhk_[0-9A-Za-z]{49}$/.test(text)) return false;
  const secret = text.slice(PREFIX.length, PREFIX.length + SECRET_LENGTH);
  return checksum(secret) === text.slice(PREFIX.length + SECRET_LENGTH);
}

/** The only form in which a key is stored: SHA-256, hexadecimal. 256 random bits need no salt and no slow hash. */
export function apiKeyHash(key: string): string {
  return sha256Hex(key);
}

function checksum(secret: string): string {
  return base62(BigInt(`0x${sha256Hex(secret).slice(0, 8)}`), CHECKSUM_LENGTH);
}

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.reduce((n, byte) => n * 256n + BigInt(byte), 0n);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value, i = 0; i < length; i++, rest /= 62n) text = alphabet.charAt(Number(rest % 62n)) + text;
  return text;
}
