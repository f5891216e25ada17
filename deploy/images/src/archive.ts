import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.js';
import type { Environment } from './config.js';

const TIMEOUT_MS = 10 * 60_000;
/** Where an image of ours holds its bill of materials. */
const billOfMaterials = 'app/sbom.cdx.json';

export interface ImageConfig {
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
}

/** A docker-archive: a tar of layers, each a tar, and of a manifest that names them. Read by the tar that every Linux has. */
export class ImageArchive implements AsyncDisposable {
  private constructor(
    private readonly folder: string,
    private readonly env: Environment,
    readonly config: ImageConfig,
    /** Paths of the layers, from the lowest on. */
    readonly layers: readonly string[],
  ) {}

  static async open(path: string, env: Environment): Promise<ImageArchive> {
    const folder = await mkdtemp(join(tmpdir(), 'facehash-archive-'));
    try {
      await runCommand(['tar', '--extract', '--file', path, '--directory', folder], { env, timeoutMs: TIMEOUT_MS });
      const { Config, Layers } = parsedManifest(await readFile(join(folder, 'manifest.json'), 'utf8'));
      const config = parsedConfig(await readFile(join(folder, Config), 'utf8'));
      return new ImageArchive(
        folder,
        env,
        config,
        Layers.map((layer) => join(folder, layer)),
      );
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Every entry of the unpacked image by its path, `app/package.json`, with what tar says of it. */
  async entries(): Promise<ReadonlyMap<string, ArchiveEntry>> {
    const entries = new Map<string, ArchiveEntry>();
    for (const layer of this.layers) {
      const { stdout } = await this.#tar(['--list', '--verbose', '--numeric-owner', '--quoting-style=literal', '--file', layer]);
      for (const entry of stdout.split('\n').flatMap(parsedLine)) entries.set(entry.path, entry);
    }
    return entries;
  }

  /** Unpacks the layers over one another. Images of ours delete nothing of a lower layer. */
  async unpack(into: string): Promise<void> {
    for (const layer of this.layers)
      await this.#tar(['--extract', '--numeric-owner', '--preserve-permissions', '--file', layer, '--directory', into]);
  }

  /** The contents of one file, as the topmost layer that has it says; nothing where none does. */
  async text(path: string): Promise<string | undefined> {
    for (const layer of [...this.layers].reverse()) {
      const found = await this.#tar(['--extract', '--to-stdout', '--file', layer, path]).catch(() => undefined);
      if (found) return found.stdout;
    }
    return undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  #tar(args: readonly string[]): Promise<{ readonly stdout: string }> {
    return runCommand(['tar', ...args], { env: this.env, timeoutMs: TIMEOUT_MS, stdoutWhole: true });
  }
}

export interface ArchiveEntry {
  readonly path: string;
  /** As `ls` writes it: `-rw-r--r--`. */
  readonly mode: string;
  readonly owner: string;
  readonly bytes: number;
}

/** `-rw-r--r-- 0/0  236 1970-01-01 00:00 app/health.mjs`, without a leading `./` and without what a link points to. */
export function parsedLine(line: string): readonly ArchiveEntry[] {
  const match = /^(\S{10})\S*\s+(\d+\/\d+)\s+(\S+)\s+\S+\s+\S+\s(.*)$/.exec(line);
  if (!match) return [];
  const [, mode = '', owner = '', size = '', name = ''] = match;
  const path = name
    .replace(/ (->|link to) .*$/, '')
    .replace(/^\.?\//, '')
    .replace(/\/$/, '');
  return [{ path, mode, owner, bytes: mode.startsWith('-') ? Number(size) : 0 }];
}

/** Beside the archive, for those who want to know what is in it before they run it. Images of servers have none. */
export async function writeBillOfMaterials(archive: string, to: string, env: Environment): Promise<void> {
  await using image = await ImageArchive.open(archive, env);
  const text = await image.text(billOfMaterials);
  if (text !== undefined) await writeFile(to, text);
}

function parsedManifest(text: string): { readonly Config: string; readonly Layers: readonly string[] } {
  const value: unknown = JSON.parse(text);
  const first: unknown = Array.isArray(value) ? value[0] : undefined;
  const { Config, Layers } = fieldsOf(first);
  return { Config: String(Config), Layers: stringsOf(Layers) };
}

function parsedConfig(text: string): ImageConfig {
  const { config } = fieldsOf(JSON.parse(text));
  const { Labels, User, Env, Entrypoint, Cmd, WorkingDir } = fieldsOf(config);
  return {
    labels: Object.fromEntries(Object.entries(fieldsOf(Labels)).map(([name, value]) => [name, String(value)])),
    user: typeof User === 'string' ? User : '',
    env: stringsOf(Env),
    entrypoint: stringsOf(Entrypoint),
    cmd: stringsOf(Cmd),
    workingDir: typeof WorkingDir === 'string' ? WorkingDir : '/',
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
