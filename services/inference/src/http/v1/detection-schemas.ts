import { z } from 'zod';
import { component } from '../openapi/schema-registry.js';
import { box, landmarks, namedRatios, recognizeQuery } from './recognition-schemas.js';
import { qualitySchema } from './schemas.js';

export const detectQuery = recognizeQuery.pick({ maxFaces: true, minFaceFraction: true });

const face = component(
  'DetectedFace',
  z.strictObject({ box, confidence: z.number(), quality: qualitySchema, landmarks, ratios: namedRatios }),
);
export type DetectedAnswer = z.output<typeof face>;

export const detectionSchema = component(
  'Detection',
  z.strictObject({
    image: z.strictObject({ width: z.int(), height: z.int() }),
    faces: z.array(face).meta({ description: 'Largest first.' }),
  }),
);
export type DetectionAnswer = z.output<typeof detectionSchema>;

export const verificationSchema = component(
  'Verification',
  z.strictObject({
    same: z.boolean(),
    similarity: z.number().meta({ description: 'Cosine of the descriptors, -1 to 1.' }),
    threshold: z.number().meta({
      description:
        'The similarity from which on it is the same. With `personId`: what the version that answers asks of this face, so that `same` is true exactly when /v1/recognize would name the person. With `other`: that of a gallery of one person with one photo, at the model’s false accept target.',
    }),
    version: z.string().nullable().meta({ description: 'The version that answered; null with `other`, which needs none.' }),
  }),
);
export type VerificationAnswer = z.output<typeof verificationSchema>;
