/** Where built things live that outlast a checkout: FACEHASH_CACHE_DIR, else the user's cache folder. */
export function cacheDirectory(env?: Readonly<Record<string, string | undefined>>): string;

/** SHA-256 of all parts with their lengths, in hexadecimal digits. */
export function digestOf(parts: readonly (string | Uint8Array)[]): string;

/** Fills `directory` by `build(temporary)` and moves the result into place in one step. */
export function createDirectory(directory: string, build: (temporary: string) => Promise<void>): Promise<void>;

/** Notes that `name` is in use and removes its siblings that nobody used for a long time, or that a killed build left. */
export function keepFresh(parent: string, name: string, nowMs?: number): Promise<void>;
