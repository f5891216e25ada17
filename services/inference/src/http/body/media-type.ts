import type { IncomingHttpHeaders } from 'node:http';

/** Type and subtype in lower case, without parameters; empty when the header is missing. */
export function mediaTypeOf(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** `application/json` and its relatives. */
export function isJson(mediaType: string): boolean {
  return mediaType === 'application/json' || mediaType.endsWith('+json');
}

export function isRawImage(mediaType: string): boolean {
  return mediaType.startsWith('image/') || mediaType === 'application/octet-stream';
}

/** Types that clients send without meaning them: curl's default for --data, text, and none at all. */
export function isVague(mediaType: string): boolean {
  return mediaType === '' || mediaType === 'application/x-www-form-urlencoded' || mediaType.startsWith('text/');
}
