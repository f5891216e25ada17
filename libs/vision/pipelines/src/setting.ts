import type { DecisionConstants } from '@facehash/classifier-core';
import { z } from 'zod';
import { readOwnPipeline, type OwnPipeline } from './own-pipeline.js';

/** A setting that names a description: its value is the pipeline, its faults are those of the file. */
export const describedPipeline = z
  .string()
  .min(1)
  .transform((path, context): OwnPipeline => {
    const read = readOwnPipeline(path);
    if ('pipeline' in read) return read.pipeline;
    for (const fault of read.faults) context.addIssue({ code: 'custom', message: `${path}: ${fault}` });
    return z.NEVER;
  });

export type PipelineToTrain = OwnPipeline & { readonly constants: DecisionConstants };

/** The same where versions are trained with it, which takes the constants of its decisions. */
export const pipelineToTrain = describedPipeline.transform((own, context): PipelineToTrain => {
  const { constants } = own;
  if (constants) return { ...own, constants };
  const message = `${own.path}: decision: is missing. Compute it from photos: npm run bench -- constants --descriptor ${own.path} --faces DIR`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});
