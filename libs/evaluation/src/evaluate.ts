import type { DecisionConstants, OutOfFoldResult, TrainingSample } from '@facehash/classifier-core';
import { proportion } from './clopper-pearson.js';
import { limitAt } from './limits.js';
import { confusedPairs, suspiciousPhotos } from './pairs.js';
import { least, peopleReports, type Nearest } from './people.js';
import { probesOf, type Probe } from './probes.js';
import { contributions, detCurve, scoreHistograms, targetRates, trialsOf } from './rates.js';
import { LISTED_MAX, PEOPLE_LISTED_MAX, type EvaluationReport } from './report.js';
import { descriptorSpace, galleryOf, ratioSpace, sizeOf, type Gallery, type Space } from './space.js';

export interface EvaluatedVersion {
  readonly version: string;
  readonly pipeline: string;
  /** Of the pipeline's descriptor network. */
  readonly constants: DecisionConstants;
  readonly falseAcceptTarget: number;
  readonly samples: readonly TrainingSample[];
  /** `outOfFold` of the samples. */
  readonly results: readonly OutOfFoldResult[];
}

/**
 * The report of a version. Yields the share that is done after each photo and each person: a caller with many pauses between them.
 * Takes about as long as `outOfFold` did.
 */
export function* evaluate(version: EvaluatedVersion): Generator<number, EvaluationReport, undefined> {
  const gallery = galleryOf(version.samples, version.results, version.constants);
  const descriptors = descriptorSpace(gallery);
  const ratios = ratioSpace(gallery);
  const steps = gallery.samples.length + gallery.people.length;

  const probes: Probe[] = [];
  for (const probe of probesOf(gallery, { descriptors, ratios }, version.results)) {
    probes.push(probe);
    yield probes.length / steps;
  }
  const nearest: Nearest[number][] = [];
  const distances = new Float64Array(gallery.people.length);
  for (const person of gallery.people.keys()) {
    descriptors.betweenPeople(person, distances);
    nearest.push(least(distances));
    yield (probes.length + nearest.length) / steps;
  }
  return reportOf(version, { gallery, descriptors, haveRatios: ratios !== undefined, probes, nearest });
}

interface Compared {
  readonly gallery: Gallery;
  readonly descriptors: Space;
  readonly haveRatios: boolean;
  readonly probes: readonly Probe[];
  readonly nearest: Nearest;
}

function reportOf({ version, pipeline, falseAcceptTarget, results }: EvaluatedVersion, compared: Compared): EvaluationReport {
  const { gallery, descriptors, haveRatios, probes, nearest } = compared;
  const limit = limitAt(falseAcceptTarget, sizeOf(gallery));
  const trials = trialsOf(gallery, probes);
  const perPerson = peopleReports(gallery, { probes, nearest }, falseAcceptTarget);
  const pairs = confusedPairs(gallery, probes, descriptors);
  const photos = suspiciousPhotos(gallery, probes, pairs);
  return {
    v: 1,
    version,
    pipeline,
    falseAcceptTarget,
    people: gallery.people.length,
    photos: gallery.samples.length,
    probes: results.length,
    rank1: proportion(results.filter((r) => r.correct).length, results.length),
    knownAccept: proportion(results.filter((r) => r.correct && r.score <= limit(r.photosBehind)).length, results.length),
    targets: targetRates(trials, falseAcceptTarget),
    perPerson: {
      count: perPerson.length,
      notJudged: perPerson.filter((p) => p.judged !== 'Judged').length,
      listed: perPerson.slice(0, PEOPLE_LISTED_MAX),
    },
    pairs: { count: pairs.length, onePersonLikely: pairs.filter((p) => p.onePersonLikely).length, listed: pairs.slice(0, LISTED_MAX) },
    suspiciousPhotos: {
      count: photos.length,
      otherPerson: photos.filter((p) => p.verdict === 'OtherPerson').length,
      listed: photos.slice(0, LISTED_MAX),
    },
    contributions: contributions(probes, haveRatios),
    scores: scoreHistograms(trials, gallery, falseAcceptTarget),
    det: detCurve(trials),
  };
}
