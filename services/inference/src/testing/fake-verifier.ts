import { sha256Hex } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';
import type { Verification, Verifier } from '@facehash/recognition';

/** Answers what a test said, and remembers what it was asked. */
export class FakeVerifier implements Verifier {
  answer: Verification = { kind: 'verified', same: true, similarity: 0.93, threshold: 0.9, version: 'v-000000000001' };
  /** The next call throws this once. */
  nextError: Error | undefined;
  /** Digests of the images, and the person. */
  readonly asked: (readonly string[])[] = [];

  withPerson(_: ModelState, image: Uint8Array, personId: string): Promise<Verification> {
    return this.#asked([sha256Hex(image), personId]);
  }

  withPhoto(_: ModelState, image: Uint8Array, other: Uint8Array): Promise<Verification> {
    return this.#asked([sha256Hex(image), sha256Hex(other)]);
  }

  async #asked(what: readonly string[]): Promise<Verification> {
    this.asked.push(what);
    const error = this.nextError;
    this.nextError = undefined;
    if (error) throw error;
    return this.answer;
  }
}
