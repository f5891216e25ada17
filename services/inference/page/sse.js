/**
 * Server-sent events, read by fetch: EventSource cannot send the header that brings the key.
 * @typedef {{id: string | undefined, type: string, data: string}} Frame
 */

/**
 * Takes the text apart as it arrives. Returns the frames that are whole, and the rest for the next call.
 * @param {string} text
 * @returns {{frames: Frame[], rest: string}}
 */
export function framesIn(text) {
  const blocks = text.replaceAll('\r\n', '\n').split('\n\n');
  const rest = blocks.pop() ?? '';
  return { frames: blocks.map(frameOf).filter((frame) => frame !== undefined), rest };
}

/**
 * @param {string} block
 * @returns {Frame | undefined} nothing for comments and for what only sets the time of a reconnection
 */
function frameOf(block) {
  /** @type {Map<string, string[]>} */
  const fields = new Map();
  for (const line of block.split('\n')) {
    const [, name, value = ''] = /^([a-z]+):? ?(.*)$/.exec(line) ?? [];
    if (name !== undefined) fields.set(name, [...(fields.get(name) ?? []), value]);
  }
  const data = fields.get('data');
  return data && { id: fields.get('id')?.at(-1), type: fields.get('event')?.at(-1) ?? 'message', data: data.join('\n') };
}

/**
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @returns {AsyncGenerator<Frame, void>}
 */
export async function* framesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const found = framesIn(rest + value);
      rest = found.rest;
      yield* found.frames;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
