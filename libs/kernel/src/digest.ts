import { createHash } from 'node:crypto';

/** SHA-256 as 64 lower-case hexadecimal digits. Hashing is computation, not I/O: the one `node:` import the core may have. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** JSON with keys sorted at every level, so that equal values have equal digests. Refuses what JSON would silently drop or change. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (value === undefined || typeof value === 'function' || typeof value === 'bigint' || typeof value === 'symbol') {
    throw new TypeError(`canonicalJson takes JSON values, not ${typeof value}`);
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('canonicalJson takes finite numbers only');
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([k, v]) => [k, sorted(v)]));
}
