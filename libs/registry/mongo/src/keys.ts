/** Below every character of a key's parts, so that keys sort as the tuples of their parts do. */
const BETWEEN = ' ';
/** The next character. */
const AFTER_BETWEEN = '!';

/**
 * The `_id` of a row: its parts in order. Ids and digests consist of visible ASCII and stay as they are; anything else is escaped, so that
 * no two tuples have one key.
 */
export function rowKey(...parts: readonly string[]): string {
  return parts.map(escaped).join(BETWEEN);
}

/** The keys that begin with these parts and have more; those after `after` only, when it is given. */
export function keysBelow(parts: readonly string[], after?: string): { readonly $gt: string; readonly $lt: string } {
  const begin = rowKey(...parts);
  return { $gt: after ?? `${begin}${BETWEEN}`, $lt: `${begin}${AFTER_BETWEEN}` };
}

function escaped(part: string): string {
  return part.replace(/[^!-$&-~]/gu, (character) => `%${(character.codePointAt(0) ?? 0).toString(16)};`);
}
