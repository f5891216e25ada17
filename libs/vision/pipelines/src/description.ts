import { decisionConstantsSchema } from '@facehash/classifier-core';
import { z } from 'zod';

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** p1, p2 and so on are ours. */
const BUILT_IN = /^p\d+$/;

const colour = z.number('must be a number').min(-1e6).max(1e6);
const deviation = z.number('must be a number').positive().max(1e6);
const ofChannels = <T extends z.ZodType>(value: T) => z.tuple([value, value, value], 'must be three numbers, one for each channel');

/** The JSON file that describes a descriptor network: see docs/own-network.md. */
export const descriptionSchema = z.strictObject({
  v: z.literal(1, 'must be 1'),
  id: z
    .string()
    .max(40)
    .regex(NAME, 'must be lower-case letters and digits, in groups joined by single hyphens')
    .refine((id) => !BUILT_IN.test(id), 'is the id of a built-in pipeline: choose another one'),
  network: z.strictObject({
    /** Relative to this file. One file: weights beside it are not read. */
    file: z.string('is not set: it is the ONNX file').min(1),
    sha256: z.string('is not set: sha256sum says it').regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits, as sha256sum says them'),
  }),
  input: z.strictObject({
    alignment: z.enum(['dlib', 'arcface'], 'must be dlib or arcface'),
    size: z.int('must be the side of the square input in pixels').min(16).max(1024),
    layout: z.enum(['NHWC', 'NCHW'], 'must be NHWC or NCHW'),
    channels: z.enum(['RGB', 'BGR'], 'must be RGB or BGR'),
    mean: ofChannels(colour),
    deviation: ofChannels(deviation),
  }),
  length: z.int('must be how many numbers a descriptor has').min(2).max(4096),
  mirror: z.boolean('must be true or false'),
  /** Left out until they were computed. */
  decision: decisionConstantsSchema.optional(),
});
export type Description = z.output<typeof descriptionSchema>;
