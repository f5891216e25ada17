import { z } from 'zod';

/** The pool passes nothing else on. */
const environment = z.object({ FACEHASH_NETWORKS_DIR: z.string('is not set: it is the folder of the converted networks').min(1) });

export interface WorkerConfig {
  readonly networksDir: string;
}

export function loadConfig(source: Readonly<Record<string, string | undefined>>): WorkerConfig {
  return { networksDir: environment.parse(source).FACEHASH_NETWORKS_DIR };
}
