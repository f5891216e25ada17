import { describedPipeline, servedPipelines, type OwnPipeline } from '@facehash/vision-pipelines';
import { z } from 'zod';

/** The pool passes nothing else on. */
const environment = z.object({
  FACEHASH_NETWORKS_DIR: z.string('is not set: it is the folder of the converted networks').min(1),
  /** Descriptor networks of one's own: the one in use, and the one before. */
  FACEHASH_DESCRIPTOR: describedPipeline.optional(),
  FACEHASH_DESCRIPTOR_PREVIOUS: describedPipeline.optional(),
});

export interface WorkerConfig {
  readonly networksDir: string;
  readonly own: readonly OwnPipeline[];
  /** The pipeline that most faces are described by. */
  readonly current: string;
}

export function loadConfig(source: Readonly<Record<string, string | undefined>>): WorkerConfig {
  const { FACEHASH_NETWORKS_DIR, FACEHASH_DESCRIPTOR, FACEHASH_DESCRIPTOR_PREVIOUS } = environment.parse(source);
  const own = [FACEHASH_DESCRIPTOR, FACEHASH_DESCRIPTOR_PREVIOUS].filter((pipeline) => pipeline !== undefined);
  const [{ id }] = servedPipelines(FACEHASH_DESCRIPTOR, FACEHASH_DESCRIPTOR_PREVIOUS);
  return { networksDir: FACEHASH_NETWORKS_DIR, own, current: id };
}
