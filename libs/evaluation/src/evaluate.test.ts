import { builtInConstants, outOfFold, summaryOf, type TrainingSample } from '@facehash/classifier-core';
import { canonicalJson, sha256Hex } from '@facehash/kernel';
import { evaluate } from './evaluate.js';
import { evaluationReportSchema, LISTED_MAX } from './report.js';
import { aVersion, clearFaces, ofPerson, relabelled, reportOf } from './testing/galleries.js';

const [p0, p1, p2, p3] = ['per_0000', 'per_0001', 'per_0002', 'per_0003'] as const;

describe('the report of a sound gallery', () => {
  const samples = clearFaces();
  const report = reportOf(samples);

  it('counts people, photos and what could be judged', () => {
    expect(report).toMatchObject({ people: 12, photos: 96, probes: 96, perPerson: { count: 12, notJudged: 0 } });
  });

  it('agrees with the summary in the manifest', () => {
    const summary = summaryOf([...outOfFold(samples, builtInConstants)], {
      people: 12,
      falseAcceptTarget: 0.01,
      constants: builtInConstants,
    });
    expect(report.rank1?.share).toBe(summary.rank1);
    expect(report.knownAccept?.share).toBeCloseTo(summary.knownAcceptRate ?? Number.NaN, 6);
  });

  it('has nothing to look at', () => {
    expect(report.pairs).toEqual({ count: 0, onePersonLikely: 0, listed: [] });
    expect(report.suspiciousPhotos).toEqual({ count: 0, otherPerson: 0, listed: [] });
  });

  it('recognises fewer and takes fewer strangers at stricter targets', () => {
    expect(report.targets.map((t) => t.falseAcceptExpected)).toEqual([0.1, 0.03, 0.01, 0.003, 0.001, 0.0001]);
    const accepted = report.targets.map((t) => t.knownAccept?.count ?? 0);
    expect(accepted).toEqual([...accepted].sort((a, b) => b - a));
    const missed = report.det.map((p) => p.miss);
    expect(missed).toEqual([...missed].sort((a, b) => a - b));
    expect(report.det[0]).toMatchObject({ falseAcceptExpected: 0.5 });
    expect(report.det.at(-1)).toMatchObject({ falseAcceptExpected: 0.00001 });
  });

  it('gives the figures of its own target, whatever that is', () => {
    const own = reportOf(samples, { falseAcceptTarget: 0.02 });
    expect(own.targets.find((t) => t.falseAcceptExpected === 0.02)?.knownAccept).toEqual(own.knownAccept);
  });

  it('has every photo in both distributions, people nearer to themselves than to others', () => {
    const { genuine, impostor } = report.scores;
    const total = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
    expect([total(genuine), total(impostor)]).toEqual([96, 96]);
    expect(genuine.findLastIndex((n) => n > 0)).toBeLessThan(impostor.findIndex((n) => n > 0));
  });

  it('compares the descriptor, the ratios and both on the same photos', () => {
    const { descriptor, ratios, both } = report.contributions ?? {};
    expect(descriptor).toEqual(report.rank1);
    expect(ratios?.of).toBe(96);
    for (const { rank1, gained, lost } of both ?? []) expect(rank1.count).toBe((descriptor?.count ?? 0) + gained - lost);
  });

  it('is what its schema says, and survives being stored', () => {
    expect(evaluationReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  it('is the same for the same samples, in whatever order', () => {
    expect(canonicalJson(reportOf(clearFaces()))).toBe(canonicalJson(report));
    const shuffled = [...samples].sort((a, b) => (sha256Hex(a.photo) < sha256Hex(b.photo) ? -1 : 1));
    expect(reportOf(shuffled)).toMatchObject({ rank1: report.rank1, pairs: report.pairs, suspiciousPhotos: report.suspiciousPhotos });
  });
});

describe('a photo of somebody else', () => {
  it('is reported with both distances, and with whom it belongs to', () => {
    const samples = clearFaces();
    const [stray] = ofPerson(samples, p0);
    const report = reportOf(relabelled(samples, stray ? [stray] : [], p1));
    expect(report.suspiciousPhotos).toMatchObject({ count: 1, otherPerson: 1 });
    const [found] = report.suspiciousPhotos.listed;
    expect(found).toMatchObject({ photo: stray?.photo, personId: p1, nearest: { id: p0 }, verdict: 'OtherPerson' });
    expect(found?.ownDistance).toBeGreaterThan(2 * (found?.nearest.distance ?? 1));
    expect(report.pairs).toMatchObject({
      onePersonLikely: 0,
      listed: [{ people: [p0, p1], nearer: [0, 1], taken: [0, 1] }, ...Array<unknown>(report.pairs.count - 1).fill(expect.anything())],
    });
  });

  it('of nobody who is enrolled is unclear', () => {
    const samples = clearFaces();
    const [stray] = clearFaces({ people: 1, photos: 1, seed: 99 });
    const report = reportOf([...samples, ...(stray ? [{ ...stray, personId: p1 }] : [])]);
    expect(report.suspiciousPhotos.listed).toMatchObject([{ photo: stray?.photo, personId: p1, verdict: 'Unclear' }]);
    expect(report.suspiciousPhotos.otherPerson).toBe(0);
  });

  it('is told from the sound photos of a record that has few', () => {
    const samples = clearFaces({ photos: 3 });
    const [stray] = ofPerson(samples, p0);
    const report = reportOf(relabelled(samples, stray ? [stray] : [], p1));
    expect(report.suspiciousPhotos.listed.filter((p) => p.verdict === 'OtherPerson').map((p) => p.photo)).toEqual([stray?.photo]);
  });
});

describe('a person who is enrolled twice', () => {
  const split = (samples: readonly TrainingSample[], personId: string, into: readonly string[]) => {
    const records = [personId, ...into];
    const photos = ofPerson(samples, personId);
    return records.reduce(
      (all, record, i) =>
        relabelled(
          all,
          photos.filter((_, n) => n % records.length === i),
          record,
        ),
      [...samples],
    );
  };

  it.each([1, 2, 4, 10])('with %d photos each is reported as a pair', (photos) => {
    const report = reportOf(split(clearFaces({ photos: 2 * photos }), p2, ['per_twin']));
    expect(report.pairs.onePersonLikely).toBe(1);
    expect(report.pairs.listed[0]).toMatchObject({ people: [p2, 'per_twin'], onePersonLikely: true, photos: [photos, photos] });
    expect(report.suspiciousPhotos.otherPerson).toBe(0);
  });

  it('explains the photos that lie nearer to the other record', () => {
    const report = reportOf(split(clearFaces({ photos: 20 }), p2, ['per_twin']));
    expect(report.suspiciousPhotos.count).toBeGreaterThan(0);
    expect(new Set(report.suspiciousPhotos.listed.map((p) => p.verdict))).toEqual(new Set(['OnePersonTwice']));
  });

  it('or three times is reported as three pairs', () => {
    const report = reportOf(split(clearFaces({ photos: 12 }), p2, ['per_twin', 'per_twin_2']));
    expect(
      report.pairs.listed
        .filter((p) => p.onePersonLikely)
        .map((p) => p.people)
        .sort(),
    ).toEqual([
      [p2, 'per_twin'],
      [p2, 'per_twin_2'],
      ['per_twin', 'per_twin_2'],
    ]);
  });
});

describe('twins whose photos are near-duplicates', () => {
  it('are reported as a pair, though every photo is another', () => {
    const samples = clearFaces();
    const twin = ofPerson(samples, p3).map((s, i) => {
      const nudged = s.descriptor.map((value, n) => value + (n === i ? 0.01 : 0));
      const length = Math.hypot(...nudged);
      return { ...s, personId: 'per_twin', photo: sha256Hex(`twin of ${s.photo}`), descriptor: nudged.map((value) => value / length) };
    });
    const report = reportOf([...samples, ...twin]);
    expect(report.pairs).toMatchObject({ count: 1, onePersonLikely: 1, listed: [{ people: [p3, 'per_twin'], taken: [8, 8] }] });
  });
});

describe('a person', () => {
  it('with one photo cannot be judged, and the report says why', () => {
    const samples = clearFaces();
    const [only] = ofPerson(samples, p1);
    const report = reportOf(samples.filter((s) => s.personId !== p1 || s === only));
    expect(report.perPerson.notJudged).toBe(1);
    expect(report.perPerson.listed.at(-1)).toMatchObject({ id: p1, photos: 1, judged: 'OnePhoto', namedRight: null, accepted: null });
  });

  it('whose photos share a fold cannot be judged either', () => {
    const samples = clearFaces({ photos: 20 });
    const inFold = ofPerson(samples, p1).filter((s) => Number.parseInt(s.photo.slice(0, 8), 16) % 5 === 0);
    const report = reportOf(samples.filter((s) => s.personId !== p1 || inFold.includes(s)));
    expect(report.perPerson.listed.at(-1)).toMatchObject({ id: p1, photos: inFold.length, judged: 'OneFold' });
  });

  it('is judged with an interval that says how sure that is, the worst first', () => {
    const samples = clearFaces();
    const [stray] = ofPerson(samples, p0);
    const [worst] = reportOf(relabelled(samples, stray ? [stray] : [], p1)).perPerson.listed;
    expect(worst).toMatchObject({ id: p1, photos: 9, accepted: { count: 8, of: 9 } });
    expect(worst?.accepted?.low).toBeCloseTo(0.5175, 4);
  });
});

describe('a small gallery', () => {
  it('of one person with one photo has a report that knows nothing', () => {
    const report = reportOf(clearFaces({ people: 1, photos: 1 }));
    expect(report).toMatchObject({ people: 1, photos: 1, probes: 0, rank1: null, knownAccept: null, contributions: null, det: [] });
    expect(report.perPerson.listed).toMatchObject([{ judged: 'OnePhoto', nearestOther: null }]);
    expect(evaluationReportSchema.parse(report)).toEqual(report);
  });

  it('of one person with many photos is judged without strangers', () => {
    const report = reportOf(clearFaces({ people: 1 }));
    expect(report).toMatchObject({ probes: 8, rank1: { share: 1 } });
    expect(report.targets.every((t) => t.falseAcceptWithin === null)).toBe(true);
  });

  it('without ratios says nothing about them', () => {
    expect(reportOf(clearFaces().map((s) => ({ ...s, ratios: new Float32Array(0) }))).contributions).toBeNull();
  });
});

describe('a large gallery', () => {
  it('of 500 people with 20 photos each is evaluated photo by photo', () => {
    const samples = clearFaces({ people: 500, photos: 20 });
    const done: number[] = [];
    const evaluation = evaluate(aVersion(samples));
    let step = evaluation.next();
    for (; !step.done; step = evaluation.next()) done.push(step.value);
    expect(done).toHaveLength(10_500);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(done.at(-1)).toBe(1);
    expect(step.value.probes).toBe(10_000);
  });

  it('in which everybody is alike lists no more than it says it does, and counts all', () => {
    const samples = clearFaces({ people: 300, photos: 2 }).map((s) => ({
      ...s,
      descriptor: s.descriptor.map((_, i) => (i === 0 ? 1 : 0)),
    }));
    const { pairs, suspiciousPhotos } = reportOf(samples);
    expect(pairs.listed).toHaveLength(LISTED_MAX);
    expect(pairs.count).toBeGreaterThan(LISTED_MAX);
    expect(suspiciousPhotos.listed.length).toBeLessThanOrEqual(LISTED_MAX);
  });
});
