import fc from 'fast-check';
import { builtInConstants } from './constants.js';
import { decide } from './decide.js';
import type { Decision } from './decision.js';
import { verifyPair, verifyPerson } from './verify.js';

const distances = fc.array(fc.double({ min: 0, max: 1.4, noNaN: true }), { minLength: 1, maxLength: 20 });
const targets = fc.double({ min: 1e-5, max: 0.5, noNaN: true });

function seenAt(of: readonly number[]) {
  const decision: Decision = {
    v: 1,
    rule: 'capped-margin',
    people: of.map((_, i) => ({ id: `per_${i}`, photos: i + 1 })),
    strangers: { photos: 0, lowest: [] },
  };
  const prediction = { similarities: Float32Array.from(of, (d) => 1 - d ** 2 / 2), probabilities: new Float32Array(of.length) };
  return { decision, prediction };
}

describe('a face and somebody it may be', () => {
  it('are the same exactly when the decision finds them', () => {
    fc.assert(
      fc.property(distances, targets, (of, falseAcceptTarget) => {
        const { decision, prediction } = seenAt(of);
        const verdict = decide(prediction, decision, falseAcceptTarget);
        // On the edge itself, a distance and a cosine round differently; two people at one distance are a tie.
        fc.pre(Math.abs(verdict.score - verdict.threshold) > 1e-9 && new Set(prediction.similarities).size === of.length);
        const found = decision.people.filter(({ id }) => verifyPerson(prediction, decision, { personId: id, falseAcceptTarget })?.same);
        expect(found.map(({ id }) => id)).toEqual(verdict.found ? [verdict.found.personId] : []);
      }),
    );
  });

  it('cannot be compared when the version does not know them', () => {
    const { decision, prediction } = seenAt([0.3]);
    expect(verifyPerson(prediction, decision, { personId: 'per_nobody', falseAcceptTarget: 0.01 })).toBeUndefined();
  });
});

describe('two faces', () => {
  const rule = { falseAcceptTarget: 0.01, constants: builtInConstants };
  const at = (angle: number) => Float32Array.of(Math.cos(angle), Math.sin(angle));
  const apart = (distance: number) => verifyPair(at(0), at(2 * Math.asin(distance / 2)), rule);

  it('are the same up to the distance at which one person with one photo would be found', () => {
    // 0.5583 - 0.0599 * 2.3263: the threshold of one person with one photo at 1 %.
    expect(apart(0.418)).toMatchObject({ same: true, threshold: expect.closeTo(1 - 0.41895 ** 2 / 2, 4) as number });
    expect(apart(0.42).same).toBe(false);
  });

  it('are the same whichever comes first', () => {
    expect(verifyPair(at(0.1), at(0.5), rule)).toEqual(verifyPair(at(0.5), at(0.1), rule));
  });
});
