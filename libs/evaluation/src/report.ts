import { z } from 'zod';

const count = z.int().min(0);
const share = z.number().min(0).max(1);
const distance = z.number().min(0);

/** A share that was counted, with its 95 % interval by Clopper and Pearson. */
const proportionSchema = z.strictObject({ count, of: z.int().min(1), share, low: share, high: share });

/** More are counted and not listed: a report is read by people, and kept with every version. */
export const LISTED_MAX = 500;
export const PEOPLE_LISTED_MAX = 1000;

const personSchema = z.strictObject({
  id: z.string(),
  photos: z.int().min(1),
  /** Why the person can or cannot be judged: photos of one fold leave nothing to compare them with. */
  judged: z.enum(['Judged', 'OnePhoto', 'OneFold']),
  /** Photos that could be judged whose nearest person is the right one; null when there is none to judge. */
  namedRight: count.nullable(),
  /** Of them, those that are near enough at the version's target; the interval says how sure that is. */
  accepted: proportionSchema.nullable(),
  /** The person whose centroid is the nearest, at a distance of 0 to 2. Null for somebody who is alone. */
  nearestOther: z.strictObject({ id: z.string(), distance }).nullable(),
});
export type PersonReport = z.output<typeof personSchema>;

const pairSchema = z.strictObject({
  /** Ordered by id; so are the two counts below. */
  people: z.tuple([z.string(), z.string()]),
  /** Between the centroids. */
  distance,
  photos: z.tuple([count, count]),
  /** Photos of each that lie nearer to the other person than to their own. */
  nearer: z.tuple([count, count]),
  /** Photos of each that would be taken for the other person, if their own were not enrolled. */
  taken: z.tuple([count, count]),
  /** Most of their photos would be taken for the other: one person enrolled twice, or two who cannot be told apart. */
  onePersonLikely: z.boolean(),
});
export type PairReport = z.output<typeof pairSchema>;

const photoSchema = z.strictObject({
  /** SHA-256 of the photo. */
  photo: z.string(),
  personId: z.string(),
  /** To its own person, known from photos of other folds only. */
  ownDistance: distance,
  nearest: z.strictObject({ id: z.string(), distance }),
  /**
   * `OtherPerson`: it would be taken for the other person and not for its own. `Unclear`: it is like neither, or like both.
   * `OnePersonTwice`: the two people are a pair that looks like one person, which explains the photo.
   */
  verdict: z.enum(['OtherPerson', 'Unclear', 'OnePersonTwice']),
});
export type PhotoReport = z.output<typeof photoSchema>;

/** `report.json` of a version: how good it is, and what its owner should look at. Ids and digests only: no names, no pictures. */
export const evaluationReportSchema = z.strictObject({
  v: z.literal(1),
  version: z.string(),
  pipeline: z.string(),
  falseAcceptTarget: share,
  people: count,
  photos: count,
  /** Photos that could be judged out of fold. */
  probes: count,
  /** Null where nothing could be judged. */
  rank1: proportionSchema.nullable(),
  /** Named right and near enough, at the version's target. */
  knownAccept: proportionSchema.nullable(),
  targets: z.array(
    z.strictObject({
      /** Share of strangers that the threshold's model expects to be taken for somebody. */
      falseAcceptExpected: share,
      knownAccept: proportionSchema.nullable(),
      /** Photos taken for somebody else when their own person is not enrolled: each person in turn plays the stranger. */
      falseAcceptWithin: proportionSchema.nullable(),
    }),
  ),
  /** The first are those who are recognised worst; people who cannot be judged come last. */
  perPerson: z.strictObject({ count, notJudged: count, listed: z.array(personSchema).max(PEOPLE_LISTED_MAX) }),
  pairs: z.strictObject({ count, onePersonLikely: count, listed: z.array(pairSchema).max(LISTED_MAX) }),
  /** Photos that lie nearer to another person than to their own. */
  suspiciousPhotos: z.strictObject({ count, otherPerson: count, listed: z.array(photoSchema).max(LISTED_MAX) }),
  /** Rank-1 out of fold, of the nearest centroid. Null without photos to judge or without ratios. */
  contributions: z
    .strictObject({
      descriptor: proportionSchema,
      ratios: proportionSchema,
      /** Squared descriptor distance plus `weight` times the mean squared distance of the standardised ratios. */
      both: z.array(z.strictObject({ weight: z.number(), rank1: proportionSchema, gained: count, lost: count })),
    })
    .nullable(),
  /** Counts of capped-margin scores in bins of `width` from 0 on; the last bin holds what lies above, too. */
  scores: z.strictObject({
    width: z.number().positive(),
    genuine: z.array(count),
    impostor: z.array(count),
    /** The largest score that is accepted at the version's target, for a person with the median number of photos. */
    threshold: z.strictObject({ photos: count, score: z.number() }),
  }),
  /** Detection error trade-off, by falling target; empty where nothing could be judged. */
  det: z.array(z.strictObject({ falseAcceptExpected: share, falseAcceptWithin: share.nullable(), miss: share })),
});
export type EvaluationReport = z.output<typeof evaluationReportSchema>;
