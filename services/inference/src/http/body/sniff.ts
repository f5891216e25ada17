/** Takes the first chunk off a body to look at it. `all` gives the whole body, that chunk included. */
export async function peek(
  chunks: AsyncGenerator<Buffer, void>,
): Promise<{ readonly head: Buffer; readonly all: AsyncGenerator<Buffer, void> }> {
  const first = await chunks.next();
  const head = first.done ? Buffer.alloc(0) : first.value;
  async function* all(): AsyncGenerator<Buffer, void> {
    try {
      if (!first.done) yield first.value;
      yield* chunks;
    } finally {
      await chunks.return();
    }
  }
  return { head, all: all() };
}

/** JSON objects begin with a brace; base64, forms and images do not. */
export function looksLikeJson(head: Buffer): boolean {
  return /^\s*\{/.test(head.subarray(0, 256).toString('latin1'));
}

/** Images in every format that is taken have bytes near their beginning that no text has. */
export function looksLikeText(head: Buffer): boolean {
  return head.subarray(0, 512).every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09);
}

/** The formats that are taken, by what their files begin with: bytes from an offset, as Latin-1. */
const SIGNATURES: readonly (readonly [mediaType: string, offset: number, text: string])[] = [
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/png', 0, '\x89PNG\r\n\x1a\n'],
  ['image/gif', 0, 'GIF8'],
  ['image/webp', 8, 'WEBP'],
  ['image/avif', 4, 'ftypavif'],
  ['image/tiff', 0, 'II*\0'],
  ['image/tiff', 0, 'MM\0*'],
];

/** `application/octet-stream` for what is none of them. */
export function mediaTypeOfImage(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  return SIGNATURES.find(([, offset, text]) => head.startsWith(text, offset))?.[0] ?? 'application/octet-stream';
}
