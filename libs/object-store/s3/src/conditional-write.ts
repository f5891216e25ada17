import { sha256Hex } from '@facehash/kernel';
import type { Answer, Call, Calls } from './calls.js';
import {
  completeUpload,
  headObject,
  objectHeaders,
  putObject,
  type Head,
  type Headers,
  type ObjectAddress,
  type Part,
} from './requests.js';

/** From here on in parts: one that is broken off is sent again, and not the whole. S3's own bound for one request is 5 GiB. */
export const MULTIPART_BYTES = 16 * 1024 * 1024;
/** S3 takes parts of 5 MiB or more, 10,000 at most. */
const PART_BYTES = 8 * 1024 * 1024;
/** Asking first costs a round trip; a store that refuses a large body may break off before its answer is read. */
const ASK_FIRST_BYTES = 64 * 1024;
/** What is no ETag matches nothing; `*` would match anything. */
const etag = /^[\w+/=.:-]{1,256}$/;

export interface Write extends ObjectAddress {
  readonly bytes: Uint8Array;
  /** The revision that must be there, or `null`: nothing may be there. */
  readonly expected: string | null;
  /** Of this write alone. */
  readonly writeId: string;
}

export type WriteOutcome =
  | { readonly state: 'written'; readonly revision: string }
  | { readonly state: 'taken' }
  /** `there`: something is, and it is not what this write sent. */
  | { readonly state: 'unknown'; readonly there: boolean };

/**
 * One object, written if what is there is as expected. States of the answer:
 *
 *   written ──► its revision
 *   refused, and no earlier try can have arrived ──► somebody else's: `taken`
 *   refused after a try whose answer was lost ──► look: our write id ──► written; another's or nothing ──► `unknown`
 *
 * Another's bytes say nothing of ours: they may have been there before, or may have replaced them since.
 */
export class ConditionalWrite {
  readonly #body: Buffer;
  readonly #sha256: string;
  readonly #headers: Headers;

  constructor(
    private readonly write: Write,
    private readonly call: Call,
    private readonly calls: Calls,
  ) {
    const { bytes, expected, writeId } = write;
    this.#body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#sha256 = sha256Hex(bytes);
    this.#headers = { ...conditionOf(expected), ...objectHeaders(this.#sha256, writeId) };
  }

  async run(): Promise<WriteOutcome> {
    if (await this.#isLate()) return { state: 'taken' };
    const answer = this.#body.length > MULTIPART_BYTES ? await this.#inParts() : await this.#atOnce();
    if ('value' in answer) return { state: 'written', revision: answer.value };
    if (!answer.unsure && answer.refused !== 'uploadGone') return { state: 'taken' };
    const found = await this.#look();
    if (found?.writeId === this.write.writeId) return { state: 'written', revision: found.revision };
    return { state: 'unknown', there: found !== undefined };
  }

  /** Whether the write cannot win any more, as far as can be told before it is sent. */
  async #isLate(): Promise<boolean> {
    const { expected } = this.write;
    if (expected !== null && !etag.test(expected)) return true;
    if (this.#body.length <= ASK_FIRST_BYTES) return false;
    const found = await this.#look();
    return (found?.revision ?? null) !== expected;
  }

  async #look(): Promise<Head | undefined> {
    const answer = await this.call.ask((client) => headObject(client, this.write));
    return 'value' in answer ? answer.value : undefined;
  }

  #atOnce(): Promise<Answer<string>> {
    const sent = { body: this.#body, sha256: this.#sha256, headers: this.#headers };
    return this.call.ask((client) => putObject(client, this.write, sent));
  }

  /** Nothing is seen of it before it is complete; what was not completed is cleared away. */
  async #inParts(): Promise<Answer<string>> {
    const { bucket, key, expected, writeId } = this.write;
    const headers = { ...objectHeaders(this.#sha256, writeId) };
    const begun = await this.call.ask((client) => client.initiateNewMultipartUpload(bucket, key, headers));
    if (!('value' in begun)) return begun;
    const uploadId = begun.value;
    let completed = false;
    try {
      const parts = await this.#sendParts(uploadId);
      const answer = await this.call.ask((client) =>
        completeUpload(client, this.write, { uploadId, parts, headers: conditionOf(expected) }),
      );
      completed = 'value' in answer;
      return answer;
    } finally {
      if (!completed) this.calls.aside({ key, what: 'an upload in parts' }, (client) => client.abortMultipartUpload(bucket, key, uploadId));
    }
  }

  async #sendParts(uploadID: string): Promise<Part[]> {
    const { bucket, key } = this.write;
    const parts: Part[] = [];
    for (let at = 0; at < this.#body.length; at += PART_BYTES) {
      const part = { bucketName: bucket, objectName: key, uploadID, partNumber: parts.length + 1 };
      const piece = this.#body.subarray(at, at + PART_BYTES);
      const sent = await this.call.ask((client) => client.uploadPart({ ...part, headers: {} }, piece));
      if (!('value' in sent)) throw new Error('the store gave up an upload in parts');
      parts.push(sent.value);
    }
    return parts;
  }
}

function conditionOf(expected: string | null): Headers {
  return expected === null ? { 'if-none-match': '*' } : { 'if-match': `"${expected}"` };
}
