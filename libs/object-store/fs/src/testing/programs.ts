/** What the programs beside this file, which run as processes of their own, and the tests that read what they print agree on. */

const encoder = new TextEncoder();

/** The whole content of an object follows from its number, so a reader knows every byte. Up to 200 KB, so a kill often meets a half-written file. */
export function contentOf(number: number): Uint8Array {
  return encoder.encode(`object ${number} `.repeat((number * 7919) % 15_000));
}

export const objectKey = (number: number): string => `m/objects/${number}`;
export const POINTER = 'm/pointer.json';
