import { FaceHashError, sha256Hex } from '@facehash/kernel';
import type { FaceAnalyser } from '../ports.js';
import type { Analysis, AnalyseOptions, Descriptor, Landmarks } from '../types.js';
import { aDescriptor, anAnalysis } from './builders.js';

export type AnalyserCall =
  | { readonly method: 'analyse'; readonly sha256: string; readonly options: AnalyseOptions }
  | { readonly method: 'describe'; readonly sha256: string; readonly landmarks: Landmarks; readonly pipeline: string };

/** Answers by what a test said of the bytes; bytes that it said nothing of hold one face. */
export class FakeFaceAnalyser implements FaceAnalyser {
  /** The next call throws this once: how a test says "the pool was full". */
  nextError: Error | undefined;
  /** The answer for bytes that were not programmed. */
  otherwise: Analysis = anAnalysis();
  /** Awaited before every answer: how a test holds calls back. */
  gate: Promise<void> = Promise.resolve();
  readonly calls: AnalyserCall[] = [];
  readonly #analyses = new Map<string, Analysis>();

  /** From now on `image` shows this. */
  shows(image: Uint8Array, analysis: Analysis): this {
    this.#analyses.set(sha256Hex(image), analysis);
    return this;
  }

  async analyse(image: Uint8Array, options: AnalyseOptions, signal?: AbortSignal): Promise<Analysis> {
    const sha256 = sha256Hex(image);
    this.calls.push({ method: 'analyse', sha256, options });
    await this.#maybeFail(signal);
    return asAskedFor(this.#analyses.get(sha256) ?? this.otherwise, options);
  }

  /** The descriptor of the programmed face with these landmarks; of another face, a fixed one. */
  async describe(image: Uint8Array, landmarks: Landmarks, pipeline: string, signal?: AbortSignal): Promise<Descriptor> {
    const sha256 = sha256Hex(image);
    this.calls.push({ method: 'describe', sha256, landmarks, pipeline });
    await this.#maybeFail(signal);
    const analysis = this.#analyses.get(sha256) ?? this.otherwise;
    if (!analysis.readable) throw new FaceHashError(analysis.problem, { detail: analysis.detail });
    const face = analysis.faces.find((f) => JSON.stringify(f.landmarks) === JSON.stringify(landmarks));
    return face?.descriptor ?? aDescriptor();
  }

  async #maybeFail(signal: AbortSignal | undefined): Promise<void> {
    const error = this.nextError;
    this.nextError = undefined;
    await this.gate;
    signal?.throwIfAborted();
    if (error) throw error;
  }
}

/** As every analyser does: at most `maxFaces`, and descriptors only of the faces whose descriptor was asked for. */
function asAskedFor(analysis: Analysis, { descriptors, faces, maxFaces }: AnalyseOptions): Analysis {
  if (!analysis.readable) return analysis;
  const shown = analysis.faces.slice(0, maxFaces).map((face, i) => {
    if (descriptors !== null && (faces === 'all' || i === 0)) return face;
    const { descriptor: _, ...rest } = face;
    return rest;
  });
  return { ...analysis, faces: shown };
}
