import { builtInConstants, outOfFold, type TrainingSample } from '@facehash/classifier-core';
import { aGallery, type GalleryOptions } from '@facehash/classifier-core/testing';
import { evaluate, type EvaluatedVersion } from '../evaluate.js';
import type { EvaluationReport } from '../report.js';

/** Faces that lie as near to each other as good photos do, so that the threshold of a small gallery accepts them. */
export const clearFaces = (options: Partial<GalleryOptions> = {}): TrainingSample[] =>
  aGallery({ people: 12, photos: 8, noise: 0.18, ...options });

export const ofPerson = (samples: readonly TrainingSample[], personId: string) => samples.filter((s) => s.personId === personId);

/** The same samples, some of them said to be of somebody else. */
export const relabelled = (samples: readonly TrainingSample[], moved: readonly TrainingSample[], personId: string): TrainingSample[] =>
  samples.map((s) => (moved.includes(s) ? { ...s, personId } : s));

export function aVersion(samples: readonly TrainingSample[], overrides: Partial<EvaluatedVersion> = {}): EvaluatedVersion {
  const constants = builtInConstants;
  const results = [...outOfFold(samples, constants)];
  return { version: 'v-000000000001', pipeline: 'p1', constants, falseAcceptTarget: 0.01, samples, results, ...overrides };
}

export function reportOf(samples: readonly TrainingSample[], overrides: Partial<EvaluatedVersion> = {}): EvaluationReport {
  const evaluation = evaluate(aVersion(samples, overrides));
  let step = evaluation.next();
  while (!step.done) step = evaluation.next();
  return step.value;
}
