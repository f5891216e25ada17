import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';

const cli = join(dirname(createRequire(import.meta.url).resolve('@facehash/cli/package.json')), 'dist/main.js');

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
