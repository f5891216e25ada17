import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawRequest {
  /** All that is sent, in this many writes. */
  readonly pieces: readonly (string | Uint8Array)[];
  /** `end`: our side is closed behind the last piece. `keep`: it stays open, as clients leave it. */
  readonly then?: 'end' | 'keep';
  /** How long before that, in milliseconds. */
  readonly endAfterMs?: number;
  /** Milliseconds between the pieces. */
  readonly pauseMs?: number;
}

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const ANSWER_TIMEOUT_MS = 60_000;

/**
 * Sends bytes that no client library would let through, and reads all that comes back until the server closes, as many answers as that is.
 * None when it closes without a word. Rejects when it neither answers nor closes in time.
 */
export async function sendRaw(
  url: string,
  { pieces, then = 'keep', endAfterMs = 0, pauseMs = 0 }: RawRequest,
): Promise<readonly RawAnswer[]> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const received: Buffer[] = [];
  socket.on('data', (chunk) => received.push(chunk));
  // A server that refuses may close while we still send.
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  let ending: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => socket.destroy(new Error('timeout')), ANSWER_TIMEOUT_MS);
  try {
    await Promise.race([once(socket, 'connect'), closed]);
    await sendAll(socket, pieces, pauseMs);
    if (then === 'end') ending = setTimeout(() => socket.end(), endAfterMs);
    await closed;
  } finally {
    clearTimeout(ending);
    clearTimeout(timer);
  }
  if (socket.errored?.message === 'timeout') throw new Error(`no answer and no close within ${ANSWER_TIMEOUT_MS} ms`);
  return answersIn(Buffer.concat(received));
}

async function sendAll(socket: Socket, pieces: RawRequest['pieces'], pauseMs: number): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Takes the stream apart by content-length. An interim answer (100) has no body. */
function answersIn(stream: Buffer): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = stream;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    const [line = '', ...lines] = rest.toString('latin1', 0, end < 0 ? rest.length : end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(`${line} `)?.[1]);
    if (end < 0 || !Number.isInteger(status)) throw new Error(`this is no HTTP answer: ${line.slice(0, 200)}`);
    const headers = Object.fromEntries(
      lines.map((header) => [header.slice(0, header.indexOf(':')).toLowerCase(), header.slice(header.indexOf(':') + 1).trim()]),
    );
    const length = Number(headers['content-length'] ?? 0);
    const body = rest.subarray(end + 4, end + 4 + length);
    answers.push({ status, headers, body: body.toString() });
    rest = rest.subarray(end + 4 + body.length);
  }
  return answers;
}
