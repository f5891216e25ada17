import type { EvaluationReport } from '../report.js';
import { counted, outOf } from './numbers.js';

/** A range of the recognised share that is wider than this says more about chance than about the version: some ten photos. */
const UNSURE = 0.3;

/** What somebody needs to know who reads nothing else. */
export function leadSentence(report: EvaluationReport): string {
  const { knownAccept, falseAcceptTarget } = report;
  if (!knownAccept) {
    return 'This version works but cannot be judged yet, since nobody has photos that could be compared with each other: enrol at least two photos of each person, better five.';
  }
  const findings = findingsOf(report);
  const told = findings.length > 0 ? findings.join(' and ') : 'nothing looks wrong with the photos';
  if (knownAccept.high - knownAccept.low > UNSURE) {
    return `This version works, but only ${counted(knownAccept.of, 'photo')} could be judged, which is too little to say how good it is; ${told}.`;
  }
  return `About ${Math.floor(knownAccept.share * 100)} of 100 photos of enrolled people are recognised, and about ${outOf(falseAcceptTarget)} strangers ${falseAcceptTarget === 0.01 ? 'is' : 'are'} taken for somebody; ${told}.`;
}

function findingsOf({ suspiciousPhotos, pairs }: EvaluationReport): readonly string[] {
  const photos = suspiciousPhotos.otherPerson;
  const twice = pairs.onePersonLikely;
  return [
    ...(photos > 0 ? [`${counted(photos, 'photo looks', 'photos look')} mislabelled`] : []),
    ...(twice > 0
      ? [`${counted(twice, 'pair of records looks', 'pairs of records look')} like one person${twice > 1 ? ' each' : ''}`]
      : []),
  ];
}

/** What the ratios are worth, in a sentence. */
export function contributionSentence({ descriptor, both }: NonNullable<EvaluationReport['contributions']>): string {
  const best = both.reduce<(typeof both)[number] | undefined>((a, b) => (a && a.rank1.count >= b.rank1.count ? a : b), undefined);
  if (!best || best.rank1.count <= descriptor.count)
    return 'The landmark ratios add nothing to the descriptor here: at no weight are more photos named right.';
  return `At weight ${best.weight}, the landmark ratios name ${counted(best.gained, 'photo')} right that the descriptor alone does not, and lose ${best.lost}: the best of ${both.length} weights, so expect less of it on new photos.`;
}
