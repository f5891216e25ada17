import { z } from 'zod';

const point = z.tuple([z.number(), z.number()]);

/** `stages/<pipeline>/<sha256>.landmarks`: what enrolment found in a photo. Pixels of the upright image. */
export const landmarksSchema = z.strictObject({
  v: z.literal(1),
  pipeline: z.string(),
  sha256: z.string(),
  width: z.int().min(1),
  height: z.int().min(1),
  box: z.strictObject({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }),
  landmarks: z.array(point).length(68),
  quality: z.strictObject({ sizePx: z.number(), sharpness: z.number(), brightness: z.number() }),
});
export type LandmarksStage = z.output<typeof landmarksSchema>;
