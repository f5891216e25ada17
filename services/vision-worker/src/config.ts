import { z } from 'zod';

const environment = z.object({
  FACEHASH_NETWORKS_DIR: z.string('is not set: it is the folder of the converted networks').min(1),
  /** `auto`: the native build of OpenCV where it loads, else its WebAssembly build. */
  FACEHASH_HAAR: z.enum(['auto', 'native', 'portable']).default('auto'),
  /** The cascade's XML file, where another one than the bundled one is wanted. */
  FACEHASH_CASCADE: z.string().min(1).optional(),
  /** Threads of each network. One: the pool runs a process for each CPU. */
  FACEHASH_NETWORK_THREADS: z.coerce.number().int().min(1).max(64).default(1),
});

export interface WorkerConfig {
  readonly networksDir: string;
  readonly haar: 'auto' | 'native' | 'portable';
  readonly cascadePath: string | undefined;
  readonly threads: number;
}

export function loadConfig(source: Readonly<Record<string, string | undefined>>): WorkerConfig {
  const e = environment.parse(source);
  return {
    networksDir: e.FACEHASH_NETWORKS_DIR,
    haar: e.FACEHASH_HAAR,
    cascadePath: e.FACEHASH_CASCADE,
    threads: e.FACEHASH_NETWORK_THREADS,
  };
}
