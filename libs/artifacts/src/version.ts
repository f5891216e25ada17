import { canonicalJson, sha256Hex } from '@facehash/kernel';
import type { Hyperparameters } from '@facehash/facemodel';
import { z } from 'zod';
import type { Quarantine } from './run.js';
import { sha256 } from './sha256.js';

const part = z.strictObject({ name: z.string(), sha256, sizeBytes: z.int().min(0) });
const share = z.number().min(0).max(1);

/** How a version did on its own photos, each left out of its person's centroid. Shares are null where too few photos exist. */
export const evaluationSummarySchema = z.strictObject({
  rank1: share.nullable(),
  /** At the false accept target of the run. */
  knownAcceptRate: share.nullable(),
  /** Photos that could be judged out of fold. */
  probes: z.int().min(0),
  gate: z.strictObject({ verdict: z.enum(['Passed', 'Refused', 'NotApplicable']), message: z.string() }),
});

/** `versions/<version>/manifest.json`: written last, so a version exists once its manifest does. */
export const manifestSchema = z.strictObject({
  v: z.literal(1),
  version: z.string(),
  storageId: z.string(),
  pipeline: z.string(),
  /** Digest of the samples (see `samplesDigest`) and the counter of the snapshot that was read; people and photos that could be used. */
  samples: z.strictObject({ digest: sha256, counter: z.int().min(1), people: z.int().min(1), photos: z.int().min(1) }),
  hyperparameters: z.record(z.string(), z.unknown()),
  backend: z.string(),
  trainedAt: z.string(),
  run: z.string(),
  /**
   * Each stored under `parts/<sha256>`: `model.json` and `weights.bin` (Keras layers format of TF.js), `decision.json`, `evaluation.json` for
   * the next gate, `report.json` and `report.html` for the model's owner.
   */
  parts: z.array(part),
  /** Person ids in the order of the model's outputs. */
  people: z.array(z.string()).min(1),
  evaluation: evaluationSummarySchema,
});
export type VersionManifest = z.output<typeof manifestSchema>;

/** What `active.json` holds: the version that answers. Written by the controller only, before status and state are published. */
export const activePointerSchema = z.strictObject({
  v: z.literal(1),
  version: z.string(),
  /** Counter of the newest snapshot whose samples this version covers. */
  snapshot: z.int().min(1),
  activatedAt: z.string(),
});
export type ActivePointer = z.output<typeof activePointerSchema>;

export interface VersionInputs {
  readonly samplesDigest: string;
  readonly hyperparameters: Hyperparameters;
  readonly pipeline: string;
  /** As the run was told, whether or not they are in the snapshot. */
  readonly quarantined: readonly Quarantine[];
}

/**
 * What the trainer makes of its inputs: raise it with every change of the model's topology, its fit, or the documents beside it, so that the
 * versions of an older release are trained again and not taken for the new ones.
 */
const RECIPE = 3;

/** A version is named by what it is made from: `v-` and 12 hexadecimal digits. The same inputs never train twice. */
export function versionName(inputs: VersionInputs): string {
  return `v-${sha256Hex(canonicalJson({ ...inputs, recipe: RECIPE })).slice(0, 12)}`;
}
