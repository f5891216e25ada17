import { threshold, type ThresholdOf } from './capped-margin.js';
import type { DecisionConstants } from './constants.js';

/** Scores of enrolled photos whose own person is left out: what a stranger of the same cameras would score. */
export interface StrangerScores {
  /** Photos that were scored. */
  readonly photos: number;
  /** The lowest of their scores, ascending. */
  readonly lowest: readonly number[];
}

export const LOWEST_MAX = 1000;

/** Below some 20 people the others are too few to stand for strangers: 15 % were accepted at a target of 1 % with five. */
const PEOPLE_MIN = 20;
/** Fewer photos that should pass than this say nothing of whether more do. */
const EXPECTED_MIN = 5;

export function strangerScoresOf(scores: readonly number[]): StrangerScores {
  return { photos: scores.length, lowest: [...scores].sort((a, b) => a - b).slice(0, LOWEST_MAX) };
}

/**
 * The largest score that is accepted: the measured constants' threshold, tightened where the version's own photos show that more strangers
 * would pass than the target allows. Never loosened.
 */
export function acceptLimit(of: ThresholdOf, strangers: StrangerScores, constants: DecisionConstants): number {
  const limit = threshold(of, constants);
  const allowed = of.falseAcceptTarget * strangers.photos;
  if (of.people < PEOPLE_MIN || allowed < EXPECTED_MIN) return limit;
  const firstTooMany = strangers.lowest[Math.floor(allowed)];
  if (firstTooMany === undefined || firstTooMany > limit) return limit;
  return Math.max(limit - constants.tightenedMax, firstTooMany - 1e-6);
}
