import { z } from 'zod';
import { runOutcomeSchema } from './run.js';
import { evaluationSummarySchema } from './version.js';

const count = z.int().min(0);

/** `runs/<run>/report.json`: what a run did, for the model's owner. Written at its end, if the store still answers. */
export const runReportSchema = z.strictObject({
  v: z.literal(1),
  run: z.string(),
  version: z.string(),
  snapshot: z.int().min(1),
  backend: z.string(),
  startedAt: z.string(),
  outcome: runOutcomeSchema,
  /** By stage; those that were not reached are missing. */
  seconds: z.record(z.string(), z.number().min(0)),
  /** Null when the run ended before its samples were collected. */
  samples: z
    .strictObject({
      people: count,
      /** People of whom no photo could be used. */
      peopleLeftOut: z.array(z.string()),
      photos: count,
      /** Features that an earlier run had stored. */
      photosReused: count,
      photosDescribed: count,
      /** Photos that could not be used, and why: the first hundred. */
      photosSkipped: z.array(z.strictObject({ photo: z.string(), personId: z.string(), why: z.string() })).max(100),
      photosSkippedCount: count,
    })
    .nullable(),
  evaluation: evaluationSummarySchema.nullable(),
  /** The whole evaluation of a version that was refused, with `report.html` beside it; one that was published has its own among its parts. */
  refused: z.record(z.string(), z.unknown()).nullable(),
});
export type RunReport = z.output<typeof runReportSchema>;
