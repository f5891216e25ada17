import { invalid } from '../failure.js';
import { tooLargePart } from './chunks.js';
import { escapeCutOff, escapedByte } from './percent.js';
import { slicesOf } from './slices.js';

export interface FormField {
  readonly kind: 'field';
  readonly name: string;
  readonly value: string;
}

export interface FieldLimits {
  /** Of one value, decoded. */
  readonly partBytesMax: number;
  readonly partsMax: number;
}

const SLICE_BYTES = 64 * 1024;
const NAME_BYTES_MAX = 100;
const AMPERSAND = 0x26;
const EQUALS = 0x3d;

/**
 * The fields of an urlencoded body. Busboy reads such bodies too, but makes a string of every escape: one value of 20 MB then takes
 * hundreds of megabytes, and half a second in one piece to put together. Decodes in the memory of the chunks.
 */
export class FieldCollector {
  #whole: FormField[] = [];
  #fields = 0;
  /** Undefined while the name arrives. */
  #name: string | undefined;
  #pieces: Buffer[] = [];
  #size = 0;
  /** The beginning of an escape whose end is in the next chunk. */
  #cutOff = Buffer.alloc(0);

  constructor(private readonly limits: FieldLimits) {}

  async write(chunk: Buffer): Promise<void> {
    for await (const { from, to } of slicesOf(chunk.length, SLICE_BYTES)) this.#read(chunk.subarray(from, to));
  }

  /** Asynchronous as its sibling for multipart bodies is. */
  end(): Promise<void> {
    this.#endField();
    return Promise.resolve();
  }

  /** The fields that became whole since the last call. */
  whole(): readonly FormField[] {
    const fields = this.#whole;
    this.#whole = [];
    return fields;
  }

  #read(slice: Buffer): void {
    let rest = slice;
    while (rest.length > 0) {
      const ampersand = rest.indexOf(AMPERSAND);
      const field = ampersand < 0 ? rest : rest.subarray(0, ampersand);
      this.#readField(field);
      if (ampersand < 0) return;
      this.#endField();
      rest = rest.subarray(ampersand + 1);
    }
  }

  #readField(bytes: Buffer): void {
    const equals = this.#name === undefined ? bytes.indexOf(EQUALS) : -1;
    if (equals < 0) {
      this.#add(bytes);
      return;
    }
    this.#add(bytes.subarray(0, equals));
    this.#name = this.#taken().slice(0, NAME_BYTES_MAX);
    this.#add(bytes.subarray(equals + 1));
  }

  #add(bytes: Buffer): void {
    const text = this.#cutOff.length === 0 ? bytes : Buffer.concat([this.#cutOff, bytes]);
    const end = text.length - escapeCutOff(text);
    this.#cutOff = Buffer.from(text.subarray(end));
    this.#keep(formDecoded(text.subarray(0, end)));
  }

  #keep(decoded: Buffer): void {
    // A name so long is none of ours: its beginning is enough to say so.
    if (this.#name === undefined && this.#size > NAME_BYTES_MAX) return;
    this.#pieces.push(decoded);
    this.#size += decoded.length;
    if (this.#name !== undefined && this.#size > this.limits.partBytesMax) throw tooLargePart(this.limits.partBytesMax);
  }

  /** What was gathered, as text. An escape that never ended is what it looks like. */
  #taken(): string {
    this.#keep(this.#cutOff);
    const text = Buffer.concat(this.#pieces).toString();
    this.#pieces = [];
    this.#size = 0;
    this.#cutOff = Buffer.alloc(0);
    return text;
  }

  #endField(): void {
    const text = this.#taken();
    const name = this.#name;
    this.#name = undefined;
    if (name === undefined && text === '') return;
    if (++this.#fields > this.limits.partsMax) throw invalid({ path: 'body', message: `has more than ${this.limits.partsMax} parts` });
    this.#whole.push({ kind: 'field', name: name ?? text.slice(0, NAME_BYTES_MAX), value: name === undefined ? '' : text });
  }
}

const PLUS = 0x2b;
const SPACE = 0x20;

/** Over itself, which is longer. */
function formDecoded(text: Buffer): Buffer {
  let written = 0;
  for (let read = 0; read < text.length; written++) {
    const escaped = escapedByte(text, read);
    const byte = text[read] ?? 0;
    text[written] = escaped ?? (byte === PLUS ? SPACE : byte);
    read += escaped === undefined ? 1 : 3;
  }
  return text.subarray(0, written);
}
