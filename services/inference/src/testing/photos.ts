import { seededRandom } from '@facehash/kernel';

/** Bytes that begin as a JPEG does and decode to nothing: enough for a fake analyser, different for each seed. */
export function photoBytes(seed = 1, length = 3000): Buffer {
  const noise = Buffer.from(seededRandom(seed).bytes(Math.min(length, 4096)));
  return Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(length, noise)]);
}

export function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** A multipart body, as curl -F writes it. */
export function multipart(parts: readonly { readonly name: string; readonly value: string | Uint8Array; readonly filename?: string }[]): {
  readonly payload: Buffer;
  readonly headers: Record<string, string>;
} {
  const boundary = '----facehash-test-boundary';
  const pieces = parts.flatMap(({ name, value, filename }) => [
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"\r\ncontent-type: image/jpeg`}\r\n\r\n`,
    ),
    Buffer.from(value),
    Buffer.from('\r\n'),
  ]);
  return {
    payload: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}
