import type { IncomingMessage } from 'node:http';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { FaceHashError } from '@facehash/kernel';
import { invalid } from '../failure.js';
import type { Claim } from './byte-budget.js';
import { tooLargePart } from './chunks.js';
import { FieldCollector, type FieldLimits, type FormField } from './form-fields.js';
import { mediaTypeOf } from './media-type.js';

export type Part = FormField | { readonly kind: 'file'; readonly name: string; readonly bytes: Buffer };

export interface PartLimits extends FieldLimits {
  /** Charged with the part that is arriving, and given back when that is handed on. */
  readonly held: Claim;
}

/**
 * The parts of a multipart or urlencoded body in their order, each as soon as it is whole. Reads on only when the next part is asked for.
 * Throws REQUEST_INVALID for what is not such a body and BODY_TOO_LARGE for a part that is too large.
 */
export async function* partsOf(message: IncomingMessage, chunks: AsyncIterable<Buffer>, limits: PartLimits): AsyncGenerator<Part, void> {
  const type = message.headers['content-type'] ?? '';
  // Bodies that are sniffed to be a form may be declared as text or not at all.
  const collector = mediaTypeOf(message.headers).startsWith('multipart/') ? new PartCollector(type, limits) : new FieldCollector(limits);
  for await (const chunk of chunks) {
    limits.held.take(chunk.length);
    await collector.write(chunk);
    for (const part of collector.whole()) {
      limits.held.release();
      yield part;
    }
  }
  await collector.end();
  yield* collector.whole();
}

/** Gathers what the parser emits. The parser is fed one chunk at a time, so no more than that waits here. */
class PartCollector {
  readonly #busboy: BusboyInstance;
  #whole: Part[] = [];
  #failure: Error | undefined;

  constructor(contentType: string, { partBytesMax, partsMax }: PartLimits) {
    try {
      this.#busboy = new Busboy({
        headers: { 'content-type': contentType },
        limits: { fieldSize: partBytesMax, fileSize: partBytesMax, parts: partsMax, fields: partsMax, files: partsMax, headerPairs: 20 },
      });
    } catch (cause) {
      throw malformed(cause);
    }
    this.#busboy.on('error', (error) => (this.#failure ??= malformed(error)));
    for (const event of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
      this.#busboy.on(event, () => (this.#failure ??= invalid({ path: 'body', message: `has more than ${partsMax} parts` })));
    }
    this.#busboy.on('field', (name, value, ...[, valueTruncated]) => {
      if (valueTruncated) this.#failure ??= tooLargePart(partBytesMax);
      this.#whole.push({ kind: 'field', name, value });
    });
    this.#busboy.on('file', (name, stream) => {
      const pieces: Buffer[] = [];
      stream.on('limit', () => (this.#failure ??= tooLargePart(partBytesMax)));
      stream.on('error', (error) => (this.#failure ??= malformed(error)));
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('end', () => this.#whole.push({ kind: 'file', name, bytes: Buffer.concat(pieces) }));
    });
  }

  async write(chunk: Buffer): Promise<void> {
    await this.#settled((done) => this.#busboy.write(chunk, done));
  }

  async end(): Promise<void> {
    await this.#settled((done) => {
      this.#busboy.once('finish', done);
      this.#busboy.end();
    });
  }

  /** The parts that became whole since the last call. */
  whole(): readonly Part[] {
    const parts = this.#whole;
    this.#whole = [];
    return parts;
  }

  /** Waits for the parser, and for its failure, which may come instead of its answer. */
  async #settled(work: (done: () => void) => void): Promise<void> {
    if (!this.#failure) {
      await new Promise<void>((resolve) => {
        this.#busboy.once('error', resolve);
        work(() => {
          this.#busboy.off('error', resolve);
          resolve();
        });
      });
    }
    // A file's end is told in a later tick than the write that ended it.
    await new Promise(setImmediate);
    if (this.#failure) throw this.#failure;
  }
}

function malformed(cause: unknown): FaceHashError {
  return new FaceHashError(
    'REQUEST_INVALID',
    { problems: [{ path: 'body', message: 'is not a well-formed multipart or form body' }] },
    { cause },
  );
}
