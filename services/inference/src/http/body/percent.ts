const PERCENT = 0x25;

/** The byte that a whole escape (`%41`) stands for, or undefined where none begins. */
export function escapedByte(text: Buffer, at: number): number | undefined {
  if (text[at] !== PERCENT) return undefined;
  const high = hexDigit(text[at + 1]);
  const low = hexDigit(text[at + 2]);
  return high < 0 || low < 0 ? undefined : high * 16 + low;
}

/** How many of the last bytes may be the beginning of an escape whose end has not come yet. */
export function escapeCutOff(text: Buffer): number {
  if (text.at(-1) === PERCENT) return 1;
  return text.at(-2) === PERCENT && hexDigit(text.at(-1)) >= 0 ? 2 : 0;
}

/** Its value, or -1 for what is none. */
function hexDigit(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  // Capital and small letters differ in this bit only.
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}
