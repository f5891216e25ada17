import { FaceHashError } from '@facehash/kernel';

/**
 * An image out of text, in all the ways that clients of the ancestor send it: base64 with or without padding, in either alphabet, wrapped into
 * lines, as a data URI, percent-encoded by a form, with `+` turned into spaces by one, behind a field name, and as Python's `str()` of bytes.
 * Throws IMAGE_UNREADABLE for anything else.
 */
export function imageOfText(text: string): Buffer {
  const base64 = plainBase64(text);
  if (base64.length === 0) throw unreadable('the text is empty');
  if (!/^[A-Za-z0-9+/_-]+$/.test(base64) || base64.length % 4 === 1) throw unreadable('the text is not base64');
  return Buffer.from(base64, 'base64');
}

function plainBase64(text: string): string {
  let plain = percentDecoded(text).trim();
  // `image=<base64>`: a field name, as base64 has "=" nowhere but at its end.
  plain = plain.replace(/^[A-Za-z_][\w-]{0,63}=(?=[^=])/, '');
  plain = plain.replace(/^b?(["'])([\s\S]*)\1=?$/, '$2');
  plain = plain.replace(/^data:[\w.+/-]*(?:;[\w-]+=[\w-]+)*;base64,/, '');
  return withPlusForSpace(plain.replace(/[\r\n\t]+/g, '')).replace(/=+$/, '');
}

/** Only what is a whole escape: base64 itself has no "%". */
function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Spaces that cut the text into lines of one length are line breaks that a shell swallowed; any other space was a plus. */
function withPlusForSpace(text: string): string {
  if (!text.includes(' ')) return text;
  const lines = text.split(' ');
  const width = lines[0]?.length ?? 0;
  const wrapped =
    width >= 60 && width % 4 === 0 && lines.slice(0, -1).every((line) => line.length === width) && (lines.at(-1)?.length ?? 0) <= width;
  return lines.join(wrapped ? '' : '+');
}

function unreadable(detail: string): FaceHashError {
  return new FaceHashError('IMAGE_UNREADABLE', { detail });
}
