import { ApiError, apiErrorOfStatus } from './api-error.js';
import { isRecord, parseObject, type KubeObject } from './raw-object.js';

export type WatchEvent =
  | { readonly kind: 'added' | 'modified' | 'deleted'; readonly object: KubeObject; readonly resourceVersion: string }
  /** Nothing has changed up to there. */
  | { readonly kind: 'bookmark'; readonly resourceVersion: string }
  | { readonly kind: 'error'; readonly error: ApiError };

/** etcd takes objects of up to 1.5 MB: a line of this length is no event. */
const LINE_CHARS_MAX = 16 * 1024 * 1024;

/**
 * The events of a watch, one JSON document a line. Whoever stops listening closes the stream.
 * @throws {ApiError} `unavailable`, when the stream holds anything else
 */
export async function* watchEvents(chunks: AsyncIterable<Uint8Array>, call: string): AsyncGenerator<WatchEvent> {
  for await (const line of linesOf(chunks, call)) {
    if (line !== '') yield parsed(line, call);
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>, call: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const [first = '', ...rest] = decoder.decode(chunk, { stream: true }).split('\n');
    parts.push(first);
    length += first.length;
    for (const next of rest) {
      yield parts.join('');
      [parts, length] = [[next], next.length];
    }
    if (length > LINE_CHARS_MAX) throw new ApiError('unavailable', `${call} sent a line without an end`);
  }
}

function parsed(line: string, call: string): WatchEvent {
  const event = jsonOf(line, call);
  const { type, object } = isRecord(event) ? event : {};
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return changeOf(type, object, call);
    case 'BOOKMARK':
      return { kind: 'bookmark', resourceVersion: versionIn(object, call) };
    case 'ERROR':
      return { kind: 'error', error: apiErrorOfStatus(call, object) };
    default:
      throw new ApiError('unavailable', `${call} sent an event of no known type`);
  }
}

const kinds = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;

function changeOf(type: keyof typeof kinds, value: unknown, call: string): WatchEvent {
  const object = parseObject(value);
  return { kind: kinds[type], object, resourceVersion: versionIn(object, call) };
}

/** A bookmark has no name, and so is no object. */
function versionIn(object: unknown, call: string): string {
  const version = isRecord(object) && isRecord(object['metadata']) ? object['metadata']['resourceVersion'] : undefined;
  if (typeof version !== 'string') throw new ApiError('unavailable', `${call} sent an event without a resourceVersion`);
  return version;
}

function jsonOf(line: string, call: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new ApiError('unavailable', `${call} sent a line that is no JSON`, {}, { cause });
  }
}
