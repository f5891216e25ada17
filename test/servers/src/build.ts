import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheDirectory, createDirectory, digestOf, keepFresh } from '../../../tools/setup/cache.mjs';
import { withLock } from '../../../tools/setup/lock.mjs';
import { buildGoModule, installWheel, linkerFlags, takeGoFiles, type BuildContext } from './build-steps.js';
import { parseGoModule } from './go-module.js';
import { benchmarkRecipes, goFolderOf, packageFolder, recipes, serverNames, versionIn, type Recipe } from './recipes.js';
import { ServersError } from './servers-error.js';

/** Raise it when build-steps.ts builds in another way, so that no cache serves the old result. */
const RECIPE_VERSION = 1;
/**
 * `go build` keeps every core busy while it compiles, but it downloads before and links on one core after: a second build fills those
 * gaps, a third only costs memory (the largest link takes 2 GB).
 */
const BUILDS_AT_ONCE = 2;
const HEARTBEAT_MS = 30_000;

export interface BuildOptions {
  /** Default: the cache that all of the project's set-up uses. Built things lie in `<cacheDir>/servers/<module>-<key>/`. */
  readonly cacheDir?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with a line when there is something to build, and when it is done. */
  readonly onProgress?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Absolute paths of the named programs, of which those that the cache lacks are built.
 * @throws {ServersError} `unknownName`, `cannotBuildHere` (no Go, say) or `buildFailed`
 */
export async function serverBinaries(names: readonly string[], options: BuildOptions = {}): Promise<Record<string, string>> {
  const wanted = recipesOf(names);
  const lacking: Recipe[] = [];
  for (const recipe of wanted) if (!existsSync(await folderOf(recipe, options))) lacking.push(recipe);
  await eachAtOnce(BUILDS_AT_ONCE, lacking, (recipe) => build(recipe, options));
  const paths: Record<string, string> = {};
  for (const recipe of wanted) {
    const folder = await folderOf(recipe, options);
    await keepFresh(dirname(folder), folder.slice(dirname(folder).length + 1));
    for (const name of names) {
      const path = recipe.programs[name];
      if (path !== undefined) paths[name] = join(folder, recipe.kind === 'go' ? name : path);
    }
  }
  return paths;
}

export interface ServerState {
  readonly name: string;
  readonly version: string;
  readonly built: boolean;
}

/** Every server and tool with its pinned version. */
export async function listServers(options: BuildOptions = {}): Promise<readonly ServerState[]> {
  const states: ServerState[] = [];
  for (const recipe of recipes) {
    const built = existsSync(await folderOf(recipe, options));
    const version = await versionOf(recipe);
    states.push(...Object.keys(recipe.programs).map((name) => ({ name, version, built })));
  }
  return states;
}

/** The recipes that make `names`, each once, in the order of the list of recipes. */
export function recipesOf(names: readonly string[]): readonly Recipe[] {
  const all = [...recipes, ...benchmarkRecipes];
  const unknown = names.filter((name) => !all.some(({ programs }) => name in programs));
  if (unknown.length > 0) {
    throw new ServersError('unknownName', `There is no server ${unknown.join(', ')}. There are: ${serverNames.join(', ')}.`);
  }
  return all.filter(({ programs }) => names.some((name) => name in programs));
}

/** Changes with everything that decides what is built (`inputs`: files and linker flags), and with the machine that it is built for. */
export function keyOf(recipe: Recipe, inputs: readonly string[], machine: string): string {
  return digestOf([`${machine}-r${RECIPE_VERSION}`, JSON.stringify(recipe), ...inputs]).slice(0, 16);
}

async function folderOf(recipe: Recipe, options: BuildOptions): Promise<string> {
  const files = await Promise.all(inputsOf(recipe).map((path) => readFile(path, 'utf8')));
  const flags = recipe.kind === 'go' ? [linkerFlags(recipe, parseGoModule(files[0] ?? ''))] : [];
  const key = keyOf(recipe, [...files, ...flags], `${process.platform}-${process.arch}`);
  return join(cacheDirOf(options), 'servers', `${recipe.module}-${key}`);
}

function inputsOf(recipe: Recipe): readonly string[] {
  switch (recipe.kind) {
    case 'go':
      return ['go.mod', 'go.sum', 'main.go'].map((name) => join(goFolderOf(recipe), name)).filter((path) => existsSync(path));
    case 'wheel':
      return [requirementsOf(recipe.module)];
    case 'go-files':
      return [];
  }
}

async function versionOf(recipe: Recipe): Promise<string> {
  switch (recipe.kind) {
    case 'go':
      return versionIn(parseGoModule(await readFile(join(goFolderOf(recipe), 'go.mod'), 'utf8')), recipe.versionOf);
    case 'go-files':
      return recipe.version;
    case 'wheel':
      return `v${/==([^\s]+)/.exec(await readFile(requirementsOf(recipe.module), 'utf8'))?.[1] ?? ''}`;
  }
}

/** One checkout at a time: the second to come waits for the first, and then finds what it wants. */
async function build(recipe: Recipe, options: BuildOptions): Promise<void> {
  const { env = process.env, onProgress = () => undefined, signal } = options;
  const folder = await folderOf(recipe, options);
  await mkdir(dirname(folder), { recursive: true });
  const say = (what: string): void => onProgress(`${recipe.module}: ${what}`);
  const onWait = (): void => say('waiting for another checkout that builds the same');
  await withLock(
    folder,
    async () => {
      if (existsSync(folder)) return;
      const startedAt = performance.now();
      const seconds = (): string => `${Math.round((performance.now() - startedAt) / 1000)} s`;
      say(`building ${await versionOf(recipe)}`);
      const heartbeat = setInterval(() => say(`still at it (${seconds()})`), HEARTBEAT_MS);
      try {
        await createDirectory(folder, (into) => make(recipe, { into, env, signal }));
      } finally {
        clearInterval(heartbeat);
      }
      say(`built (${seconds()})`);
    },
    { onWait },
  );
}

function make(recipe: Recipe, context: BuildContext): Promise<void> {
  switch (recipe.kind) {
    case 'go':
      return buildGoModule(recipe, goFolderOf(recipe), context);
    case 'go-files':
      return takeGoFiles(recipe, context);
    case 'wheel':
      return installWheel(recipe, requirementsOf(recipe.module), context);
  }
}

function requirementsOf(module: string): string {
  return join(packageFolder, 'python', `requirements-${module}.txt`);
}

function cacheDirOf({ cacheDir, env = process.env }: BuildOptions): string {
  return cacheDir ?? cacheDirectory(env);
}

/** The first failure stops what has not begun, and is thrown once what had begun is at its end. */
async function eachAtOnce<T>(count: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined && failures.length === 0; item = rest.shift()) {
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: count }, worker));
  if (failures.length > 0) throw failures[0];
}
