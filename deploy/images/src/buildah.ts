import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { alone, runCommand, type CommandResult } from './command.js';
import type { Environment } from './config.js';

/** A cold build of the largest image on two busy cores, several times over. */
const BUILD_TIMEOUT_MS = 45 * 60_000;
/** Layers that later builds may use again. A build of all leaves some fifty in three gigabytes or so, so this is a few changed lock files. */
const IMAGES_MAX = 200;

export interface BuildahOptions {
  /** Holds everything that buildah writes: images, layers, caches of mounts, temporary files. */
  readonly folder: string;
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
}

/** Buildah on a storage of our own: nothing of the machine's other containers is read or written. One process at a time may use a folder. */
export class Buildah {
  readonly #env: Environment;
  readonly #storage: string;
  readonly #run: string;

  constructor(private readonly options: BuildahOptions) {
    this.#storage = join(options.folder, 'storage');
    this.#run = join(options.folder, 'run');
    this.#env = {
      ...options.env,
      // No user namespaces, no runtime and no cgroups are needed for it: it works within containers and without systemd.
      BUILDAH_ISOLATION: 'chroot',
      // vfs works everywhere and copies the whole tree for each layer.
      STORAGE_DRIVER: options.env['STORAGE_DRIVER'] ?? 'overlay',
      TMPDIR: join(options.folder, 'tmp'),
    };
  }

  /** Removes what a killed build left: its containers, and notes about mounts that went with its namespaces. */
  async clean(): Promise<void> {
    // What lies here is valid until the next boot, says containers/storage; so without it nothing counts as mounted.
    await rm(this.#run, { recursive: true, force: true });
    await mkdir(join(this.options.folder, 'tmp'), { recursive: true });
    await this.run(['rm', '--all'], { final: true });
    const { stdout } = await this.run(['images', '--all', '--quiet'], { final: true });
    if (stdout.split('\n').length > IMAGES_MAX) await rm(this.#storage, { recursive: true, force: true });
  }

  async has(reference: string): Promise<boolean> {
    const { stdout } = await this.run(['images', '--all', '--format', '{{.Name}}:{{.Tag}}']);
    return stdout.split('\n').includes(reference);
  }

  /** @param options.final also after the signal aborted, for cleaning up */
  run(
    args: readonly string[],
    options: { readonly onLine?: (line: string) => void; readonly final?: boolean } = {},
  ): Promise<CommandResult> {
    const buildah = ['buildah', '--root', this.#storage, '--runroot', this.#run, ...args];
    const { onLine, final = false } = options;
    return runCommand(alone(buildah), {
      env: this.#env,
      timeoutMs: BUILD_TIMEOUT_MS,
      onLine,
      signal: final ? undefined : this.options.signal,
    });
  }
}
