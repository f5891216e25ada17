import { FaceHashError } from '@facehash/kernel';

type Checked<T> = { readonly success: true; readonly data: T } | { readonly success: false; readonly error: Error };

/** Tells whether a value is what it should be, and why not. */
export type Schema<T> = (value: unknown) => Checked<T>;

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
