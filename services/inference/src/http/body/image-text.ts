import { FaceHashError } from '@facehash/kernel';
import { Base64InPlace } from './base64.js';
import { escapedByte } from './percent.js';
import { slicesOf, type Slice } from './slices.js';

/** A fraction of a millisecond of work in each of the passes below. */
const SLICE_BYTES = 64 * 1024;

/**
 * An image out of text, in all the ways that clients of the ancestor send it: base64 with or without padding, in either alphabet, wrapped into
 * lines, as a data URI, percent-encoded by a form, with `+` turned into spaces by one, behind a field name, and as Python's `str()` of bytes.
 * Works in the memory of the text, which is lost: every form is longer than what it stands for. The image is a copy of its own size.
 * Throws IMAGE_UNREADABLE for anything else.
 */
export async function imageOfText(text: Buffer): Promise<Buffer> {
  const base64 = unwrapped(await trimmed(await percentDecoded(text)));
  const decoder = new Base64InPlace(base64, await spacesAreBreaks(base64));
  for await (const { from, to } of slicesOf(base64.length, SLICE_BYTES)) {
    if (!decoder.decode(from, to)) throw unreadable('the text is not base64');
  }
  if (decoder.characters === 0) throw unreadable('the text is empty');
  if (decoder.characters % 4 === 1) throw unreadable('the text is not base64');
  return Buffer.from(decoder.decoded);
}

/** Only what is a whole escape: base64 itself has no "%". */
async function percentDecoded(text: Buffer): Promise<Buffer> {
  if (!text.includes('%')) return text;
  let read = 0;
  let written = 0;
  const decodeUntil = (to: number): void => {
    // An escape that begins in this slice may end in the next one.
    while (read < to) {
      const escaped = escapedByte(text, read);
      text[written++] = escaped ?? text[read] ?? 0;
      read += escaped === undefined ? 1 : 3;
    }
  };
  for await (const { to } of slicesOf(text.length, SLICE_BYTES)) decodeUntil(to);
  return text.subarray(0, written);
}

async function trimmed(text: Buffer): Promise<Buffer> {
  const rest = text.subarray(await blanks(text.length, (at) => text[at]));
  return rest.subarray(0, rest.length - (await blanks(rest.length, (at) => rest[rest.length - 1 - at])));
}

/** How many blanks come before anything else. */
async function blanks(length: number, byteAt: (at: number) => number | undefined): Promise<number> {
  for await (const { from, to } of slicesOf(length, SLICE_BYTES)) {
    for (let at = from; at < to; at++) if (!isBlank(byteAt(at))) return at;
  }
  return length;
}

/** What String.trim takes for a blank in Latin-1. */
function isBlank(byte = 0): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0xa0;
}

/** More than any beginning of a data URI that a client writes. */
const HEAD_BYTES = 4096;

function unwrapped(text: Buffer): Buffer {
  // `image=<base64>`: a field name, as base64 has "=" nowhere but at its end.
  const value = after(/^[A-Za-z_][\w-]{0,63}=(?=[^=])/, text);
  return after(/^data:[\w.+/-]*(?:;[\w-]+=[^;,]*)*;base64,/i, unquoted(value));
}

function after(start: RegExp, text: Buffer): Buffer {
  const [found = ''] = start.exec(text.toString('latin1', 0, HEAD_BYTES)) ?? [];
  return text.subarray(found.length);
}

/** `b'<base64>'` as Python's `str()` writes bytes, or quotes alone, and the "=" of a form field without a value behind them. */
function unquoted(text: Buffer): Buffer {
  const [start, quote] = /^b?(["'])/.exec(text.toString('latin1', 0, 2)) ?? [];
  if (start === undefined || quote === undefined) return text;
  const end = text.subarray(-2).toString('latin1');
  const to = text.length - (end.endsWith(quote) ? 1 : 2);
  return end.includes(quote) && (end.endsWith(quote) || end.endsWith('=')) && to >= start.length ? text.subarray(start.length, to) : text;
}

const SPACE = 0x20;

/** Spaces that cut the text into lines of one length are line breaks that a shell swallowed; any other space was a plus. */
async function spacesAreBreaks(text: Buffer): Promise<boolean> {
  if (!text.includes(SPACE)) return false;
  const lines = new LineWidths();
  for await (const { from, to } of slicesOf(text.length, SLICE_BYTES)) {
    lines.see(text, { from, to });
    if (!lines.ofOneWidth) return false;
  }
  return lines.lastFits;
}

/** The widths of lines that spaces end; breaks that are breaks already do not count. */
class LineWidths {
  #ofOneWidth = true;
  #first: number | undefined;
  #width = 0;

  /** Every line that has ended is as wide as the first, and that as wide as tools wrap base64. */
  get ofOneWidth(): boolean {
    return this.#ofOneWidth;
  }

  get lastFits(): boolean {
    return this.#ofOneWidth && this.#width <= (this.#first ?? 0);
  }

  see(text: Buffer, { from, to }: Slice): void {
    for (let at = from; at < to && this.#ofOneWidth; at++) {
      const byte = text[at] ?? 0;
      if (byte === SPACE) this.#end();
      else if (byte !== 0x0a && byte !== 0x0d && byte !== 0x09) this.#width++;
    }
  }

  #end(): void {
    this.#first ??= this.#width;
    this.#ofOneWidth = this.#first >= 60 && this.#first % 4 === 0 && this.#width === this.#first;
    this.#width = 0;
  }
}

function unreadable(detail: string): FaceHashError {
  return new FaceHashError('IMAGE_UNREADABLE', { detail });
}
