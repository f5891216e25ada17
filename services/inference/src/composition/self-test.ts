import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Clock } from '@facehash/kernel';
import { frame, type FaceAnalyser, type Pipeline } from '@facehash/vision-core';
import { CannotStart } from './cannot-start.js';

export interface Seen {
  readonly faces: number;
  readonly width: number;
  readonly height: number;
  readonly ms: number;
}

/** A picture with faces that ships with the package that the networks are converted from. */
function samplePicture(): string {
  return fileURLToPath(import.meta.resolve('@vladmandic/face-api/demo/sample1.jpg'));
}

/** A real inference: decode, detect, describe. Throws when it fails or finds nobody, as then no answer could be trusted. */
export async function lookAtSample(
  analyser: FaceAnalyser,
  { clock, pipeline }: { readonly clock: Clock; readonly pipeline: Pipeline },
): Promise<Seen> {
  const picture = await readFile(samplePicture());
  const began = clock.now().getTime();
  const analysis = await analyser.analyse(picture, { ...frame, descriptors: pipeline.id });
  const ms = clock.now().getTime() - began;
  if (!analysis.readable)
    throw new CannotStart(`The inference at the start failed: the sample picture is ${analysis.problem} (${analysis.detail}).`);
  const described = analysis.faces.filter((face) => face.descriptor !== undefined).length;
  if (described === 0) throw new CannotStart('The inference at the start found no face in the sample picture, which shows several.');
  return { faces: described, width: analysis.width, height: analysis.height, ms };
}
