import type { IncomingMessage } from 'node:http';
import { FaceHashError } from '@facehash/kernel';
import type { Claim } from './byte-budget.js';

/**
 * The body of a request as it arrives. Throws BODY_TOO_LARGE as soon as it is known to be over `bytesMax`, before reading where the
 * header says so. The rest stays unread and the connection open, so that the answer can be sent.
 */
export async function* bodyChunks(message: IncomingMessage, bytesMax: number): AsyncGenerator<Buffer, void> {
  refuseEncoded(message);
  const tooLarge = (): FaceHashError => new FaceHashError('BODY_TOO_LARGE', { detail: `this call takes at most ${bytesMax} bytes` });
  if (Number(message.headers['content-length'] ?? 0) > bytesMax) throw tooLarge();
  let size = 0;
  try {
    for await (const chunk of message.iterator({ destroyOnReturn: false })) {
      const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      size += bytes.length;
      if (size > bytesMax) throw tooLarge();
      yield bytes;
    }
  } catch (error) {
    if (error instanceof FaceHashError || !message.destroyed) throw error;
    throw new FaceHashError('REQUEST_INVALID', { detail: 'the body ended before it was complete' }, { cause: error });
  }
}

/** All of it, charged to the claim while it arrives. */
export async function wholeBody(message: IncomingMessage, bytesMax: number, held: Claim): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bodyChunks(message, bytesMax)) {
    held.take(chunk.length);
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only ? only : Buffer.concat(chunks);
}

/** One part of a body, or the body where it is one image. */
export function tooLargePart(bytesMax: number): FaceHashError {
  return new FaceHashError('BODY_TOO_LARGE', { detail: `one image may have at most ${bytesMax} bytes as it is sent` });
}

/** A compressed body could be a bomb, and images do not shrink: no client of ours sends one. */
function refuseEncoded(message: IncomingMessage): void {
  const encoding = message.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw new FaceHashError('MEDIA_TYPE_UNSUPPORTED', { detail: 'send the body without content-encoding' });
}
