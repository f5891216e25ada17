import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';

/** By its package, as this file runs from its source in tests and compiled in benchmarks. */
const cli = join(dirname(createRequire(import.meta.url).resolve('@facehash/cli/package.json')), 'dist/main.js');
const TIMEOUT_MS = 120_000;

/** What the command line prints. Throws with its complaint when it fails. */
export async function facehash(dataDir: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', cli, '--data-dir', dataDir, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [printed, complaint, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(`facehash ${args.join(' ')} ended with ${String(code)}: ${complaint}`);
  return printed;
}

/** As an owner does. */
export async function applyModel(name: string, dataDir: string, spec: Readonly<Record<string, unknown>>): Promise<void> {
  const file = join(dataDir, `${name}.yaml`);
  await writeFile(file, stringify({ apiVersion: 'facehash.dev/v1alpha1', kind: 'FaceModel', metadata: { name }, spec }));
  await facehash(dataDir, 'apply', '-f', file);
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly complaints: string;
}

/** The built command line, whatever its exit code, run as `npm run facehash` runs it, without a terminal. */
export function commandLine(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((resolve, reject) => {
    const all = ['--disable-warning=ExperimentalWarning', cli, ...args];
    const child = execFile(process.execPath, all, { env: { PATH, HOME, ...env }, timeout: TIMEOUT_MS }, (error, out, complaints) => {
      if (error && typeof error.code !== 'number')
        reject(new Error(`the command line did not end by itself:\n${complaints}`, { cause: error }));
      else resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, complaints });
    });
    child.stdin?.end();
  });
}
