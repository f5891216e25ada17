import { z } from 'zod';
import { component } from '../openapi/schema-registry.js';
import { rejectedPhotoSchema } from '../v1/schemas.js';

const errors = z.array(z.strictObject({ path: z.string(), message: z.string() })).optional();
const failure = { code: z.string().optional(), detail: z.string().optional(), requestId: z.string().optional(), errors };

/** The ancestor's fields come first and are always there. */
export const foundSchema = component(
  'Found',
  z.strictObject({
    foundFlag: z.literal([0, 1]),
    foundFace: z.string().nullable(),
    similarity: z.number().optional().meta({ description: 'Of the nearest person, whether named or not: cosine of the descriptors.' }),
    version: z.string().optional(),
    ...failure,
  }),
);
export type Found = z.output<typeof foundSchema>;

export const trainedSchema = component(
  'Trained',
  z.strictObject({
    trainingSuccess: z.literal([0, 1]),
    version: z.string().optional(),
    accepted: z.int().optional().meta({ description: 'Photos that the person has now, of those that were sent.' }),
    rejected: z.array(rejectedPhotoSchema).optional(),
    ...failure,
  }),
);
export type Trained = z.output<typeof trainedSchema>;
