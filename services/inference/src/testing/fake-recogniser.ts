import { sha256Hex } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';
import type { RecognisedFace, Recogniser, Recognition, RecognitionOptions } from '@facehash/recognition';
import { aFace } from '@facehash/vision-core/testing';

/** A face of somebody, or with `person: null` of a stranger. */
export function aRecognisedFace(overrides: Partial<RecognisedFace> = {}): RecognisedFace {
  const { box, confidence, landmarks, quality } = aFace();
  const person = { id: 'per_ann', name: 'Ann' };
  return {
    box,
    confidence,
    landmarks,
    quality,
    person,
    similarity: 0.93124,
    probability: 0.99,
    candidates: [{ ...person, similarity: 0.93124, probability: 0.99 }],
    ...overrides,
  };
}

export function aRecognition(overrides: Partial<Extract<Recognition, { kind: 'recognised' }>> = {}): Recognition {
  return { kind: 'recognised', version: 'v-000000000001', width: 250, height: 250, faces: [aRecognisedFace()], ...overrides };
}

/** Answers what a test said, and remembers what it was asked. */
export class FakeRecogniser implements Recogniser {
  answer: Recognition = aRecognition();
  /** The next call throws this once. */
  nextError: Error | undefined;
  /** Awaited before every answer, unless the call is given up first. */
  gate: Promise<void> = Promise.resolve();
  readonly asked: { readonly model: string; readonly sha256: string; readonly options: RecognitionOptions }[] = [];

  async recognise(model: ModelState, image: Uint8Array, options: RecognitionOptions, signal?: AbortSignal): Promise<Recognition> {
    this.asked.push({ model: model.storageId, sha256: sha256Hex(image), options });
    const error = this.nextError;
    this.nextError = undefined;
    await Promise.race([this.gate, aborted(signal)]);
    signal?.throwIfAborted();
    if (error) throw error;
    return this.answer;
  }
}

function aborted(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
