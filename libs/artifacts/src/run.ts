import { z } from 'zod';
import { sha256 } from './sha256.js';

/** Somebody with these photos: `photosDigest` of the snapshot. */
const quarantineSchema = z.strictObject({ personId: z.string(), photosDigest: sha256 });
export type Quarantine = z.output<typeof quarantineSchema>;

/** What one training run is asked to do: the whole input of the trainer, as JSON in `FACEHASH_RUN`. */
export const runSpecSchema = z.strictObject({
  v: z.literal(1),
  /** Name of the run, unique per attempt. */
  run: z.string().max(100),
  storageId: z.string(),
  /** Counter of the snapshot to train on. */
  snapshot: z.int().min(1),
  /** Name that the version must get (`versionName` of its inputs): the trainer refuses to publish under another. */
  version: z.string(),
  pipeline: z.string(),
  hyperparameters: z.strictObject({
    hiddenUnits: z.array(z.int()),
    epochs: z.int(),
    batchSize: z.int(),
    learningRate: z.number(),
    dropout: z.number(),
    l2: z.number(),
    seed: z.int(),
  }),
  /** Null: the CPU. Not among the version's inputs, so it may differ between runs of one version. */
  accelerator: z.strictObject({ resource: z.string(), count: z.int(), onUnavailable: z.enum(['UseCpu', 'Wait']) }).nullable(),
  falseAcceptTarget: z.number(),
  gateMode: z.enum(['Enforce', 'Warn', 'Off']),
  /** People whose photos spoiled others: they are left out for as long as their photos are these. Ordered by id. */
  quarantined: z.array(quarantineSchema),
  /** The version that answers now: what the gate compares with. */
  activeVersion: z.string().nullable(),
  deadlineSeconds: z.int(),
});
export type RunSpec = z.output<typeof runSpecSchema>;

/** One line of JSON on the trainer's standard output. */
export const runProgressSchema = z.strictObject({
  type: z.literal('progress'),
  stage: z.enum(['Starting', 'Collecting', 'Extracting', 'Fitting', 'Calibrating', 'Evaluating', 'Publishing']),
  /** Of the whole run, 0 to 100, never falling. */
  percent: z.number().min(0).max(100),
});
export type RunProgress = z.output<typeof runProgressSchema>;

/** The trainer's termination message (a file, at most 4096 bytes as Kubernetes takes). Says what the exit code says, and why. */
export const runOutcomeSchema = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('trained'), version: z.string() }),
  /** `quarantine`: whom to leave out so that the rest can be trained. */
  z.strictObject({
    outcome: z.literal('refused'),
    code: z.string(),
    message: z.string(),
    quarantine: z.array(quarantineSchema).optional(),
  }),
  z.strictObject({ outcome: z.literal('failed'), code: z.string(), message: z.string(), retryable: z.boolean() }),
]);
export type RunOutcome = z.output<typeof runOutcomeSchema>;

/** The trainer's exit codes are its API: a Job's podFailurePolicy reads them. Any other code, or a signal, is a crash: run it again. */
export const exitCodes = {
  /** The version's manifest is in the store and the gate let it pass. */
  trained: 0,
  /** The gate refused the version: the same inputs would be refused again. */
  refused: 3,
  /** The samples cannot be trained on (none usable, or an artifact is corrupt): new photos are needed. */
  untrainable: 4,
  /** The run's own configuration is wrong. */
  misconfigured: 64,
  /** A store did not answer, or the run was interrupted: run it again. */
  unavailable: 75,
} as const;

/** What the trainer's process exits with. */
export function exitCodeOf(outcome: RunOutcome): number {
  switch (outcome.outcome) {
    case 'trained':
      return exitCodes.trained;
    case 'refused':
      return exitCodes.refused;
    case 'failed':
      if (outcome.retryable) return exitCodes.unavailable;
      return outcome.code === 'REQUEST_INVALID' ? exitCodes.misconfigured : exitCodes.untrainable;
  }
}

/**
 * What became of a run, from what its process left behind. The exit code decides: a termination message that contradicts it
 * was written before something went wrong.
 */
export function outcomeOf(
  exit: { readonly code: number | null; readonly signal: string | null },
  message: unknown,
  version: string,
): RunOutcome {
  const told = runOutcomeSchema.safeParse(message);
  const why = told.success && told.data.outcome !== 'trained' ? told.data : undefined;
  const end = exit.signal ? `was ended by ${exit.signal}` : `exited with ${exit.code}`;
  const { code, message: reason } = why ?? { code: 'TRAINING_FAILED', message: `the trainer ${end}` };
  switch (exit.code) {
    case exitCodes.trained:
      return { outcome: 'trained', version };
    case exitCodes.refused:
      return why?.outcome === 'refused'
        ? why
        : { outcome: 'refused', code: 'VERSION_REFUSED', message: 'the gate refused the new version' };
    case exitCodes.untrainable:
    case exitCodes.misconfigured:
      return { outcome: 'failed', retryable: false, code, message: reason };
    default:
      return { outcome: 'failed', retryable: true, code, message: reason };
  }
}
