import { JSONParser, TokenType } from '@streamparser/json';
import { FaceHashError } from '@facehash/kernel';
import { invalid, type Fault } from '../failure.js';
import type { Claim } from './byte-budget.js';
import { tooLargePart } from './chunks.js';
import { slicesOf } from './slices.js';

/** A value of the body's top level (`key`), or one element of its `images` (`index`), each as soon as it is whole. */
export type JsonPiece = { readonly key: string; readonly value: unknown } | { readonly index: number; readonly value: unknown };

export interface JsonLimits {
  /** What the object may hold. Any other key is refused as soon as it is read, before its value. */
  readonly keys: readonly string[];
  /** Of one value. */
  readonly valueBytesMax: number;
  /** Charged with the value that is arriving, and given back when that is handed on. */
  readonly held: Claim;
}

/** Two milliseconds of work at the worst, which is a text of nothing but `\u0041`. */
const SLICE_BYTES = 16 * 1024;

/** A longer text or number is put together from pieces of this size, and not from one for each character. */
const VALUE_BUFFER_BYTES = 64 * 1024;

/**
 * Reads `{"…": …, "images": […]}` as a stream: elements of `images` are handed on while the rest arrives, and the body never stands in memory
 * as a whole. Throws REQUEST_INVALID for what is not such a JSON object and BODY_TOO_LARGE for a value that is too large.
 */
export async function* jsonPieces(chunks: AsyncIterable<Buffer>, limits: JsonLimits): AsyncGenerator<JsonPiece, void> {
  const { keys, valueBytesMax, held } = limits;
  const reader = new PieceReader(keys);
  let pending = 0;
  for await (const chunk of chunks) {
    held.take(chunk.length);
    for await (const { from, to } of slicesOf(chunk.length, SLICE_BYTES)) {
      const pieces = reader.read(chunk.subarray(from, to));
      pending = pieces.length > 0 ? 0 : pending + to - from;
      if (pending > valueBytesMax) throw tooLargePart(valueBytesMax);
      if (pieces.length > 0) held.release();
      yield* pieces;
    }
  }
  reader.end();
}

/** The pieces of a body that is in memory already. Who wants no more of them leaves the rest unread. */
export async function* jsonPiecesOf(body: Buffer, keys: readonly string[]): AsyncGenerator<JsonPiece, void> {
  const reader = new PieceReader(keys);
  for await (const { from, to } of slicesOf(body.length, SLICE_BYTES)) yield* reader.read(body.subarray(from, to));
  reader.end();
}

/** The value of a body in memory that is a text by itself: read as an object's only member, so that it is read in slices like one. */
export async function jsonTextOf(body: Buffer): Promise<unknown> {
  const reader = new PieceReader(['']);
  const pieces = [...reader.read(Buffer.from('{"":'))];
  for await (const { from, to } of slicesOf(body.length, SLICE_BYTES)) pieces.push(...reader.read(body.subarray(from, to)));
  pieces.push(...reader.read(Buffer.from('}')));
  reader.end();
  const [piece] = pieces;
  if (pieces.length !== 1 || !piece) throw notJson('is not JSON');
  return piece.value;
}

/** Never builds more than one value: whatever nests deeper than a list of images is refused at its first bracket. */
class PieceReader {
  readonly #parser = new JSONParser({
    paths: ['$.*', '$.images.*'],
    keepStack: false,
    stringBufferSize: VALUE_BUFFER_BYTES,
    numberBufferSize: VALUE_BUFFER_BYTES,
  });
  #pieces: JsonPiece[] = [];
  #position = 0;
  #depth = 0;
  /** The next token at the top level is a key, and not a value. */
  #keyComes = false;
  /** The last key at the top level: before a bracket, of what the bracket opens. */
  #key = '';

  constructor(private readonly keys: readonly string[]) {
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
    if (token === TokenType.STRING && this.#keyComes) this.#seeKey(String(value));
    if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) this.#depth--;
    if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) this.#open(token);
    this.#keyComes = this.#depth === 1 && (token === TokenType.LEFT_BRACE || token === TokenType.COMMA);
  }

  #seeKey(key: string): void {
    if (!this.keys.includes(key)) throw invalid({ path: key.slice(0, 100), message: 'is not known here' });
    this.#key = key;
  }

  #open(token: TokenType): void {
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
  if (key !== 'images') return { path: key, message: `must not be ${list ? 'a list' : 'an object'}` };
  return list ? undefined : { path: 'images', message: 'must be an array of images in base64' };
}

function notJson(message: string, cause?: unknown): FaceHashError {
  return new FaceHashError('REQUEST_INVALID', { problems: [{ path: 'body', message }] }, { cause });
}
