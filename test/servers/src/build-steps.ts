import { constants, existsSync } from 'node:fs';
import { access, chmod, cp, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastLines } from '../../../tools/setup/set-up-error.mjs';
import { runCommand, type CommandOptions, type CommandResult, type Environment } from './command.js';
import { isAtLeast, parseGoModule, parseGoVersion, type GoModule } from './go-module.js';
import { type Recipe } from './recipes.js';
import { ServersError } from './servers-error.js';

/** The slowest build that was seen took 11 minutes, on two cores that did much else. */
const BUILD_TIMEOUT_MS = 45 * 60_000;
const QUESTION_TIMEOUT_MS = 30_000;
const howToHaveGo = 'Install Go from https://go.dev/dl, put its bin folder on the PATH, and try again.';

export interface BuildContext {
  /** An empty folder for the result. */
  readonly into: string;
  readonly env: Environment;
  readonly signal: AbortSignal | undefined;
}

type RecipeOf<Kind> = Extract<Recipe, { kind: Kind }>;

/** Compiles the programs of one Go module of ours: exactly what its go.mod and go.sum name, or nothing. */
export async function buildGoModule(recipe: RecipeOf<'go'>, folder: string, context: BuildContext): Promise<void> {
  const module = parseGoModule(await readFile(join(folder, 'go.mod'), 'utf8'));
  await goThatBuilds(module.go, context);
  const ldflags = linkerFlags(recipe, module);
  const [name = '', ...others] = Object.keys(recipe.programs);
  // One program gets our name (etcd's package would call it `server`). Several are built at once, which keeps all cores at work while one
  // of them is linked, and are called as their packages are.
  const output = others.length === 0 ? join(context.into, name) : `${context.into}/`;
  const command = ['go', 'build', '-ldflags', ldflags, '-o', output, ...Object.values(recipe.programs)];
  await step(`Building ${recipe.module}`, command, { ...context, cwd: folder, env: goEnvironment(context.env) });
  for (const program of Object.keys(recipe.programs)) await access(join(context.into, program), constants.X_OK);
}

/** Without symbol tables, as releases are built; with the versions that programs tell. */
export function linkerFlags({ stamps }: RecipeOf<'go'>, module: GoModule): string {
  return ['-s', '-w', ...Object.entries(stamps?.(module) ?? {}).map(([name, value]) => `-X ${name}=${value}`)].join(' ');
}

/** Files of a module by the checksum that is written in the recipe. */
export async function takeGoFiles(recipe: RecipeOf<'go-files'>, context: BuildContext): Promise<void> {
  await goThatBuilds('1.21', context);
  const elsewhere = await mkdtemp(join(tmpdir(), 'facehash-go-')); // where there is no go.mod that could say something else
  try {
    // A cache of its own: whole modules, of which a file is wanted, are no use to Go later on.
    const cache = join(elsewhere, 'modules');
    const { GOFLAGS, ...env } = goEnvironment(context.env);
    const options = { cwd: elsewhere, env: { ...env, GOFLAGS: `${GOFLAGS} -modcacherw`, GOMODCACHE: cache }, timeoutMs: BUILD_TIMEOUT_MS };
    const download = ['go', 'mod', 'download', '-json', `${recipe.path}@${recipe.version}`];
    // Fails when the module wants a newer Go, although it has everything then: the checksum decides.
    const downloaded = await runCommand(download, { ...options, signal: context.signal });
    const folder = join(cache, `${recipe.path}@${recipe.version}`);
    if (sumOf(downloaded) !== recipe.sum || !existsSync(folder)) throw failed(`Downloading ${recipe.path} ${recipe.version}`, downloaded);
    for (const [, path] of Object.entries(recipe.programs)) {
      await cp(join(folder, recipe.folder), join(context.into, path), { recursive: true });
    }
    await makeWritable(context.into);
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
}

/** By pip, which checks the digests; which Python runs pip is all the same, as the program is none of Python's. */
export async function installWheel(recipe: RecipeOf<'wheel'>, requirements: string, context: BuildContext): Promise<void> {
  const { code } = await runCommand(['python3', '-m', 'pip', '--version'], { env: context.env, timeoutMs: QUESTION_TIMEOUT_MS });
  if (code !== 0) {
    throw new ServersError('cannotBuildHere', `${recipe.module} comes by pip, and there is none. On Debian: apt-get install python3-pip`);
  }
  const polite = ['--quiet', '--no-input', '--disable-pip-version-check', '--retries', '2', '--timeout', '20'];
  const only = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--requirement', requirements];
  const target = join(context.into, 'wheel');
  const command = ['python3', '-m', 'pip', 'install', ...polite, ...only, '--target', target];
  await step(`Installing ${recipe.module}`, command, { ...context, cwd: context.into });
  for (const path of Object.values(recipe.programs)) {
    await mkdir(join(context.into, path, '..'), { recursive: true });
    await rename(join(target, path), join(context.into, path));
  }
  await rm(target, { recursive: true });
}

/** No toolchain is downloaded behind the user's back, no C compiler is needed, and nothing of the checkout gets into the program. */
function goEnvironment(env: Environment): Environment {
  return { ...env, GOFLAGS: '-mod=readonly -trimpath -buildvcs=false', GOTOOLCHAIN: 'local', GOWORK: 'off', CGO_ENABLED: '0' };
}

async function goThatBuilds(least: string, { env, signal }: BuildContext): Promise<void> {
  const { code, stdout } = await runCommand(['go', 'version'], { env: goEnvironment(env), timeoutMs: QUESTION_TIMEOUT_MS, signal });
  const version = parseGoVersion(stdout);
  if (code !== 0 || version === undefined) {
    throw new ServersError('cannotBuildHere', `The servers are built from source by Go, and there is none. ${howToHaveGo}`);
  }
  if (!isAtLeast(version, least)) {
    throw new ServersError('cannotBuildHere', `The servers need Go ${least} or newer, and this is Go ${version}. ${howToHaveGo}`);
  }
}

async function step(what: string, command: readonly string[], options: Omit<CommandOptions, 'timeoutMs'>): Promise<void> {
  const result = await runCommand(command, { ...options, timeoutMs: BUILD_TIMEOUT_MS });
  if (result.code !== 0) throw failed(what, result);
}

function failed(what: string, { output, timedOut }: CommandResult): ServersError {
  const how = timedOut ? `took longer than ${BUILD_TIMEOUT_MS / 60_000} minutes` : 'failed';
  return new ServersError('buildFailed', `${what} ${how}. Its last lines:\n${lastLines(output, 20)}`);
}

/** `go mod download -json` prints one object. */
function sumOf({ stdout }: CommandResult): unknown {
  try {
    return (JSON.parse(stdout) as { Sum?: unknown }).Sum;
  } catch {
    return undefined;
  }
}

/** Go's module cache is read-only, and a cache of ours that cannot be deleted would be a nuisance. */
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
    else await chmod(join(folder, entry.name), 0o644);
  }
}
