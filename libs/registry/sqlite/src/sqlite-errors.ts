/** SQLite's result codes, https://www.sqlite.org/rescode.html: the low byte is the kind, the rest says more. */
const BUSY = 5;
const UNIQUE_VIOLATED = 2067;
const FOREIGN_KEY_VIOLATED = 787;

/** Another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && (code & 0xff) === BUSY;
}

export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === UNIQUE_VIOLATED;
}

export function isForeignKeyViolation(error: unknown): boolean {
  return codeOf(error) === FOREIGN_KEY_VIOLATED;
}

function codeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}
