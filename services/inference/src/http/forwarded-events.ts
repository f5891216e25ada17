import type { IncomingMessage } from 'node:http';

/** Server-sent events as they come, each of them whole, until this replica begins to stop: then the stream ends as its own do. */
export async function* eventsUntil(draining: AbortSignal, answer: IncomingMessage): AsyncGenerator<Buffer, void> {
  const end = (): void => void answer.destroy();
  if (draining.aborted) end();
  draining.addEventListener('abort', end, { once: true });
  try {
    yield* wholeFrames(answer);
  } catch (error) {
    if (!draining.aborted) throw error;
  } finally {
    draining.removeEventListener('abort', end);
  }
}

async function* wholeFrames(answer: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let begun: Buffer = Buffer.alloc(0);
  for await (const chunk of answer) {
    const held = Buffer.concat([begun, chunk]);
    const end = held.lastIndexOf('\n\n') + 1;
    begun = held.subarray(end === 0 ? 0 : end + 1);
    if (end > 0) yield held.subarray(0, end + 1);
  }
}
