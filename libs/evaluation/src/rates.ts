import { cappedMargin } from '@facehash/classifier-core';
import { proportion, rounded } from './clopper-pearson.js';
import { limitAt, type LimitOf } from './limits.js';
import { RATIO_WEIGHTS, type Probe } from './probes.js';
import type { EvaluationReport } from './report.js';
import { sizeOf, type Gallery } from './space.js';

/** A photo that was judged against its own person, or one that plays a stranger: what decides whether it is accepted. */
interface Trial {
  readonly score: number;
  /** Photos behind the centroid that it was compared with. */
  readonly photos: number;
}

/** What the rates are made from. */
export interface Trials extends LimitOf {
  readonly genuine: readonly (Trial & { readonly correct: boolean })[];
  /** Each photo against everybody but its own person. */
  readonly impostor: readonly Trial[];
}

export function trialsOf(gallery: Gallery, probes: readonly Probe[]): Trials {
  return {
    ...sizeOf(gallery),
    genuine: probes.flatMap(({ result }) =>
      result ? [{ score: result.score, photos: result.photosBehind, correct: result.correct }] : [],
    ),
    impostor: probes.flatMap(({ others: [nearest, second] }) =>
      nearest
        ? [{ score: cappedMargin(nearest.distance, second?.distance, gallery.constants), photos: gallery.photos[nearest.person] ?? 1 }]
        : [],
    ),
  };
}

/** Targets that a report gives figures for, beside the version's own. */
const TARGETS: readonly number[] = [0.1, 0.03, 0.01, 0.003, 0.001, 0.0001];

export function targetRates(trials: Trials, falseAcceptTarget: number): EvaluationReport['targets'] {
  const targets = [...new Set([...TARGETS, falseAcceptTarget])].sort((a, b) => b - a);
  return targets.map((target) => {
    const { accepted, taken } = counts(trials, target);
    return {
      falseAcceptExpected: target,
      knownAccept: proportion(accepted, trials.genuine.length),
      falseAcceptWithin: proportion(taken, trials.impostor.length),
    };
  });
}

/** From a target of one half down to one in 100,000, in equal steps of the logarithm. */
const DET_POINTS = 60;
const DET_TARGET_MAX = 0.5;
const DET_TARGET_MIN = 1e-5;

export function detCurve(trials: Trials): EvaluationReport['det'] {
  if (trials.genuine.length === 0) return [];
  const step = Math.log(DET_TARGET_MIN / DET_TARGET_MAX) / (DET_POINTS - 1);
  return Array.from({ length: DET_POINTS }, (_, i) => {
    const target = DET_TARGET_MAX * Math.exp(i * step);
    const { accepted, taken } = counts(trials, target);
    return {
      falseAcceptExpected: Number(target.toPrecision(6)),
      falseAcceptWithin: trials.impostor.length > 0 ? rounded(taken / trials.impostor.length) : null,
      miss: rounded(1 - accepted / trials.genuine.length),
    };
  });
}

function counts(trials: Trials, target: number): { readonly accepted: number; readonly taken: number } {
  const { genuine, impostor } = trials;
  const ofKnown = limitAt(target, trials);
  // The stranger's own record is not enrolled.
  const ofStranger = limitAt(target, { ...trials, people: trials.people - 1 });
  return {
    accepted: genuine.filter((t) => t.correct && t.score <= ofKnown(t.photos)).length,
    taken: impostor.filter((t) => t.score <= ofStranger(t.photos)).length,
  };
}

/** Scores above 1.5 do not occur among faces: unit vectors at right angles are 1.41 apart. */
const BINS = 75;
const BIN_WIDTH = 0.02;

export function scoreHistograms(trials: Trials, gallery: Gallery, falseAcceptTarget: number): EvaluationReport['scores'] {
  const sorted = [...gallery.photos].sort((a, b) => a - b);
  const photos = sorted[Math.floor(sorted.length / 2)] ?? 1;
  return {
    width: BIN_WIDTH,
    genuine: histogram(trials.genuine),
    impostor: histogram(trials.impostor),
    threshold: { photos, score: rounded(limitAt(falseAcceptTarget, sizeOf(gallery))(photos)) },
  };
}

function histogram(trials: readonly Trial[]): number[] {
  const bins = new Array<number>(BINS).fill(0);
  for (const { score } of trials) {
    const bin = Math.min(BINS - 1, Math.floor(score / BIN_WIDTH));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins;
}

/** Rank-1 by each part of a face's description, on the same photos. */
export function contributions(probes: readonly Probe[], haveRatios: boolean): EvaluationReport['contributions'] {
  const judged = probes.flatMap((probe) => (probe.result ? [{ ...probe, byDescriptor: probe.result.correct }] : []));
  const share = (right: (probe: (typeof judged)[number]) => boolean | undefined) => proportion(judged.filter(right).length, judged.length);
  const [descriptor, ratios] = [share((p) => p.byDescriptor), share((p) => p.byRatios)];
  if (!haveRatios || !descriptor || !ratios) return null;
  const both = RATIO_WEIGHTS.flatMap((weight, i) => {
    const rank1 = share((p) => p.byBoth[i]);
    const gained = judged.filter((p) => p.byBoth[i] && !p.byDescriptor).length;
    const lost = judged.filter((p) => !p.byBoth[i] && p.byDescriptor).length;
    return rank1 ? [{ weight, rank1, gained, lost }] : [];
  });
  return { descriptor, ratios, both };
}
