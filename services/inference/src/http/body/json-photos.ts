import { JSONParser, TokenType } from '@streamparser/json';
import { FaceHashError } from '@facehash/kernel';
import { invalid, type Fault } from '../failure.js';
import type { Claim } from './byte-budget.js';

/** A value of the body's top level (`key`), or one element of its `images` (`index`), each as soon as it is whole. */
export type JsonPiece = { readonly key: string; readonly value: unknown } | { readonly index: number; readonly value: unknown };

export interface JsonLimits {
  /** Of one value. */
  readonly valueBytesMax: number;
  /** Charged with the value that is arriving, and given back when that is handed on. */
  readonly held: Claim;
}

/** Parsed in slices of this size, so that a chunk of many small values does not stall the event loop. */
const SLICE_BYTES = 64 * 1024;

/**
 * Reads `{"…": …, "images": […]}` as a stream: elements of `images` are handed on while the rest arrives, and the body never stands in memory
 * as a whole. Throws REQUEST_INVALID for what is not such a JSON object and BODY_TOO_LARGE for a value that is too large.
 */
export async function* jsonPieces(chunks: AsyncIterable<Buffer>, { valueBytesMax, held }: JsonLimits): AsyncGenerator<JsonPiece, void> {
  const reader = new PieceReader();
  let pending = 0;
  for await (const chunk of chunks) {
    held.take(chunk.length);
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      const slice = chunk.subarray(at, at + SLICE_BYTES);
      const pieces = reader.read(slice);
      pending = pieces.length > 0 ? 0 : pending + slice.length;
      if (pending > valueBytesMax)
        throw new FaceHashError('BODY_TOO_LARGE', { detail: `one image may have at most ${valueBytesMax} bytes as it is sent` });
      if (pieces.length > 0) held.release();
      yield* pieces;
    }
  }
  reader.end();
}

/** The pieces of a body that is in memory already. */
export function jsonPiecesOf(body: Buffer): readonly JsonPiece[] {
  const reader = new PieceReader();
  const pieces = reader.read(body);
  reader.end();
  return pieces;
}

/** Never builds more than one value: whatever nests deeper than a list of images is refused at its first bracket. */
class PieceReader {
  readonly #parser = new JSONParser({ paths: ['$.*', '$.images.*'], keepStack: false, stringBufferSize: SLICE_BYTES });
  #pieces: JsonPiece[] = [];
  #position = 0;
  #depth = 0;
  /** The last string at the top level: before a bracket, the key of what the bracket opens. */
  #key = '';

  constructor() {
    this.#parser.onToken = ({ token, value }) => this.#see(token, value);
    this.#parser.onValue = ({ key, value }) => {
      if (typeof key === 'number') this.#pieces.push({ index: key, value });
      // The list itself, whose elements were handed on one by one.
      else if (typeof key === 'string') this.#pieces.push({ key, value: Array.isArray(value) ? [] : value });
    };
  }

  read(slice: Buffer): readonly JsonPiece[] {
    this.#pieces = [];
    try {
      this.#parser.write(slice);
    } catch (error) {
      if (error instanceof FaceHashError) throw error;
      throw notJson(`is not JSON (after ${this.#position} bytes)`, error);
    }
    this.#position += slice.length;
    return this.#pieces;
  }

  end(): void {
    if (!this.#parser.isEnded) throw notJson(`is not JSON: it ends too early (after ${this.#position} bytes)`);
  }

  #see(token: TokenType, value: unknown): void {
    if (token === TokenType.STRING && this.#depth === 1) this.#key = String(value);
    if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) this.#depth--;
    if (token !== TokenType.LEFT_BRACE && token !== TokenType.LEFT_BRACKET) return;
    const fault = faultOfOpening(token, this.#depth, this.#key);
    if (fault) throw invalid(fault);
    this.#depth++;
  }
}

/** At the top an object, in it nothing but `images` as a list, in that nothing that nests. */
function faultOfOpening(token: TokenType, depth: number, key: string): Fault | undefined {
  const list = token === TokenType.LEFT_BRACKET;
  if (depth === 0) return list ? { path: '', message: 'must be an object' } : undefined;
  if (depth > 1) return { path: 'images', message: 'must hold nothing but strings: images in base64' };
  if (key !== 'images') return { path: key.slice(0, 100), message: `must not be ${list ? 'a list' : 'an object'}` };
  return list ? undefined : { path: 'images', message: 'must be an array of images in base64' };
}

function notJson(message: string, cause?: unknown): FaceHashError {
  return new FaceHashError('REQUEST_INVALID', { problems: [{ path: 'body', message }] }, { cause });
}
