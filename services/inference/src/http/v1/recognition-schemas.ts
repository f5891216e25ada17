import { z } from 'zod';
import { component } from '../openapi/schema-registry.js';
import { qualitySchema } from './schemas.js';

const flag = z.enum(['true', 'false']).default('false');

export const recognizeQuery = z.strictObject({
  candidates: z.coerce.number().int().min(0).max(100).default(5).meta({ description: 'People to list per face, nearest first.' }),
  landmarks: flag.meta({ description: 'With the 68 landmarks of each face.' }),
  ratios: flag.meta({ description: 'With the proportions of each face.' }),
  maxFaces: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(16)
    .meta({ description: 'The largest ones count; the model’s own limit holds, too.' }),
  minFaceFraction: z.coerce
    .number()
    .min(0.02)
    .max(1)
    .default(0.08)
    .meta({ description: 'Smallest face, as a fraction of the image’s short side.' }),
});

export const box = component(
  'Box',
  z
    .strictObject({ x: z.number(), y: z.number(), width: z.number(), height: z.number() })
    .meta({ description: 'Pixels of the upright image.' }),
);

export const landmarks = z
  .array(z.tuple([z.number(), z.number()]))
  .meta({ description: '68 points in the order of iBUG 300-W, pixels of the upright image.' });
export const namedRatios = z.record(z.string(), z.number());

const similarity = z.number().meta({ description: 'Cosine of the descriptors, -1 to 1.' });
const probability = z
  .number()
  .meta({ description: 'By the key’s model, over its people: who it would be if it had to be one of them. 0 to 1.' });

const candidate = component('Candidate', z.strictObject({ id: z.string(), name: z.string(), similarity, probability }));

const face = component(
  'RecognizedFace',
  z.strictObject({
    box,
    confidence: z.number(),
    person: z.strictObject({ id: z.string(), name: z.string() }).nullable().meta({ description: 'Null: nobody who is enrolled.' }),
    similarity,
    probability,
    candidates: z.array(candidate),
    quality: qualitySchema,
    landmarks: landmarks.optional(),
    ratios: namedRatios.optional(),
  }),
);
export type FaceAnswer = z.output<typeof face>;

export const recognitionSchema = component(
  'Recognition',
  z.strictObject({
    version: z.string(),
    image: z.strictObject({ width: z.int(), height: z.int() }),
    faces: z.array(face).meta({ description: 'Largest first.' }),
  }),
);
export type RecognitionAnswer = z.output<typeof recognitionSchema>;
