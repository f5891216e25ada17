import { FaceHashError } from '@facehash/kernel';

type Checked<T> = { readonly success: true; readonly data: T } | { readonly success: false; readonly error: Error };

/** Tells whether a value is what it should be, and why not. */
export type Schema<T> = (value: unknown) => Checked<T>;

/** Of every value and message of this program. */
const VERSION = 1;

/** @throws REQUEST_INVALID */
export function checked<T>(schema: Schema<T>, value: unknown, details: Readonly<Record<string, unknown>>): T {
  const result = schema(value);
  if (!result.success) throw new FaceHashError('REQUEST_INVALID', details, { cause: result.error });
  return result.data;
}

/** What was stored, where this program understands it. */
export function parsed<T>(schema: Schema<T>, data: Uint8Array): Checked<T> {
  try {
    return schema(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data)));
  } catch (error) {
    return { success: false, error: error instanceof Error ? error : new Error('no JSON') };
  }
}

/** Whether a newer program wrote it: not to be replaced by one that does not know it. What else is not understood is nobody's. */
export function isNewer(data: Uint8Array): boolean {
  return parsed(version, data).success;
}

function version(value: unknown): Checked<true> {
  const newer = typeof value === 'object' && value !== null && 'v' in value && typeof value.v === 'number' && value.v > VERSION;
  return newer ? { success: true, data: true } : { success: false, error: new Error('of no newer version') };
}
