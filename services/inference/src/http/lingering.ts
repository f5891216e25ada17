import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { FastifyInstance } from 'fastify';

/** Less than this is quickly read to its end, and the connection goes on. */
const SMALL_BYTES = 1024 ** 2;
/** Most of a body that is read for nothing, and for how long, before the connection is cut. */
const LINGER_BYTES_MAX = 64 * 1024 ** 2;
const LINGER_MS_MAX = 5000;

/**
 * An answer that comes before its request was read (413, 401, …) would be lost: the kernel resets a connection that is closed with unread
 * bytes, and many clients read nothing before they have sent everything. So the whole answer is sent at once, the rest of the request is read
 * for a while and dropped, and then the connection is closed. An answer that is a stream may use the request until its own end.
 */
export function lingerAfterEarlyAnswers(fastify: FastifyInstance): void {
  fastify.addHook('onSend', async (request, reply, payload) => {
    const { raw } = request;
    if (raw.complete || isSmall(raw)) return payload;
    if (payload instanceof Readable) {
      reply.header('connection', 'close');
      return Readable.from(answerThenDrain(payload, raw), { objectMode: false });
    }
    if (typeof payload !== 'string') return payload;
    reply.headers({ connection: 'close', 'content-length': Buffer.byteLength(payload) });
    return Readable.from(answerThenDrain([Buffer.from(payload)], raw), { objectMode: false });
  });
}

/** What is left of it may be read without a bound. */
export function isSmall({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return length !== undefined && Number(length) <= SMALL_BYTES;
}

async function* answerThenDrain(
  answer: Iterable<Buffer> | AsyncIterable<Buffer | string>,
  raw: IncomingMessage,
): AsyncGenerator<Buffer | string, void> {
  yield* answer;
  if (raw.complete) return;
  const enough = new AbortController();
  let drained = 0;
  raw.on('data', (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > LINGER_BYTES_MAX) enough.abort();
  });
  // From now on it goes nowhere else.
  raw.unpipe();
  raw.resume();
  // However it ends, the answer has been sent.
  await finished(raw, { writable: false, signal: AbortSignal.any([enough.signal, AbortSignal.timeout(LINGER_MS_MAX)]) }).catch(
    () => undefined,
  );
}
