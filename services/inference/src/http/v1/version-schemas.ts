import { z } from 'zod';
import { component } from '../openapi/schema-registry.js';

const share = z.number().nullable();

export const versionSchema = component(
  'Version',
  z.strictObject({
    name: z.string(),
    snapshot: z.int().meta({ description: 'Counter of the snapshot of photos that it was trained on.' }),
    trainedAt: z.string(),
    people: z.int(),
    photos: z.int(),
    evaluation: z.strictObject({
      rank1: share.meta({
        description: 'Share of its own photos, each left out once, whose person was the nearest; null where too few exist.',
      }),
      knownAcceptRate: share.meta({ description: 'Share of them that were named rightly at the false accept target of the run.' }),
      probes: z.int().meta({ description: 'Photos that could be judged so.' }),
      gate: z.strictObject({ verdict: z.enum(['Passed', 'Refused', 'NotApplicable']), message: z.string() }),
    }),
    hyperparameters: z.record(z.string(), z.unknown()),
    backend: z.string(),
    pipeline: z.string(),
    run: z.string(),
    active: z.boolean().meta({ description: 'It is the version that answers.' }),
    activated: z.boolean().meta({ description: 'It was activated by hand.' }),
    pinned: z.boolean().meta({ description: 'It is pinned by the FaceModel resource, which wins over any activation.' }),
  }),
);
export type VersionAnswer = z.output<typeof versionSchema>;

export const versionPageSchema = component(
  'VersionPage',
  z.strictObject({
    items: z.array(versionSchema).meta({ description: 'Newest first.' }),
    next: z.string().nullable().meta({ description: 'Pass it as `cursor` for the next page; null at the end.' }),
  }),
);

export const activatedSchema = component(
  'Activated',
  z.strictObject({
    version: z.string(),
    at: z.string(),
    pin: z
      .string()
      .nullable()
      .meta({ description: '`versions.pin` of the FaceModel resource: while it names another version, that one answers.' }),
  }),
);
export type ActivatedAnswer = z.output<typeof activatedSchema>;
